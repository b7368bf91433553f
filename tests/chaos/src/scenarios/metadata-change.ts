import { eventually } from '../run/progress.ts';
import type { RoundContext } from './scenario.ts';

/** Creates a topic, and sees that it stays: the cluster can change its metadata. */
export async function changeMetadata({ moldau }: RoundContext, topic: string): Promise<void> {
  const admin = moldau.admin();
  await eventually(async () => {
    const [created] = await admin.createTopics([
      { name: topic, partitions: 1, replicationFactor: 1, configs: { 'min.insync.replicas': '1' } },
    ]);
    // An answer that was lost before: it is there already.
    return created?.error === undefined || created.error.reason === 'TOPIC_EXISTS';
  }, `${topic} can't be created`);
  await eventually(async () => (await admin.describeTopics([topic]))[0]?.error === undefined, `${topic} was created and is not there`);
}
