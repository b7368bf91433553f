import { setTimeout as sleep } from 'node:timers/promises';
import { during, killed } from '../nemesis/fault.ts';
import { eventually } from '../run/progress.ts';
import { REPLICATED, type RoundContext, type Scenario } from './scenario.ts';

/** How long the brokers work before they are killed: from their first write to some rounds of group commit. */
const UPTIME_MS = { min: 50, max: 600 };

/** kill -9 of all brokers under load, again and again (NATS #6888): topics, their settings and offsets are still there. */
export const killAll: Scenario = {
  name: 'T26',
  title: 'kill -9 of all brokers under load',
  needs: REPLICATED,
  rounds: 20,
  async round(context): Promise<void> {
    const { cluster, recorder, random } = context;
    const before = await describe(context);
    await sleep(random.between(UPTIME_MS.min, UPTIME_MS.max));
    const startedAt = performance.now();
    await during(recorder, killed(cluster.brokers), async () => {});
    context.figure('restartMsMax', performance.now() - startedAt);
    await eventually(async () => (await describe(context)) === before, `the topic is another than before: ${before}`);
  },
};

/** What must survive of the topic, besides its records. */
async function describe({ moldau, topic }: RoundContext): Promise<string> {
  const [described] = await moldau.admin().describeTopics([topic]);
  if (described === undefined) throw new Error('the answer has no topic');
  if (described.error !== undefined) throw described.error;
  const { name, topicId, replicationFactor, partitions, configs } = described;
  return JSON.stringify({ name, topicId, replicationFactor, partitions: partitions.length, configs });
}
