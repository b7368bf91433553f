import type { Assignment, Moldau } from '@moldau/client';

/** Where to begin, and how many records follow from there. */
export interface NewestRecords {
  readonly assignment: readonly Assignment[];
  readonly records: number;
}

/**
 * The last `records` of a topic, the same number of each partition, or all that a partition has; 0: only what comes from now on,
 * whenever a consumer begins to read.
 *
 * @throws MoldauError UNKNOWN_TOPIC, and what ListOffsets may answer
 */
export async function newestRecords(moldau: Moldau, topic: string, records: number): Promise<NewestRecords> {
  const admin = moldau.admin();
  const [described] = await admin.describeTopics([topic]);
  if (described?.error !== undefined) throw described.error;
  const partitions = described?.partitions ?? [];
  const offsetsAt = async (position: 'earliest' | 'latest'): Promise<readonly number[]> => {
    const found = await admin.listOffsets(partitions.map(({ partition }) => ({ topic, partition, position })));
    return found.map(({ partition, offset, error }) => {
      if (offset === undefined) throw error ?? new Error(`partition ${partition} of ${topic} told no ${position} offset`);
      return offset;
    });
  };
  const [starts, ends] = await Promise.all([offsetsAt('earliest'), offsetsAt('latest')]);
  const share = Math.ceil(records / Math.max(1, partitions.length));
  let total = 0;
  const assignment = partitions.map(({ partition }, index) => {
    const end = ends[index] ?? 0;
    const offset = Math.max(starts[index] ?? 0, end - share);
    total += end - offset;
    return { topic, partition, from: { offset } };
  });
  return { assignment, records: total };
}
