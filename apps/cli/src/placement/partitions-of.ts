import { type Admin, MoldauError } from '@moldau/client';
import type { TopicOrPartition } from '../input/partitions.ts';

interface NamedPartition {
  readonly topic: string;
  readonly partition: number;
}

/** Each partition that is named, and all of each topic that is. @throws MoldauError UNKNOWN_TOPIC and those of the call */
export async function partitionsOf(admin: Admin, places: readonly TopicOrPartition[]): Promise<readonly NamedPartition[]> {
  return (await Promise.all(places.map((place) => partitionsOfOne(admin, place)))).flat();
}

/** All partitions of the namespace. */
export async function allPartitions(admin: Admin): Promise<readonly NamedPartition[]> {
  const all: NamedPartition[] = [];
  for await (const { name, partitions } of admin.listTopics()) {
    for (let partition = 0; partition < partitions; partition++) all.push({ topic: name, partition });
  }
  return all;
}

async function partitionsOfOne(admin: Admin, { topic, partition }: TopicOrPartition): Promise<readonly NamedPartition[]> {
  if (partition !== undefined) return [{ topic, partition }];
  const [described] = await admin.describeTopics([topic]);
  if (described === undefined) throw new MoldauError('UNKNOWN_TOPIC', `no topic '${topic}'`, { topic });
  if (described.error !== undefined) throw described.error;
  return described.partitions.map((each) => ({ topic, partition: each.partition }));
}
