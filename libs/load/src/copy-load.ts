import { setTimeout as sleep } from 'node:timers/promises';
import type { Moldau } from '@moldau/client';
import { startStopwatch, type Throughput } from './stopwatch.ts';

export interface CopyLoad {
  readonly from: string;
  readonly to: string;
  /** In `from`, all of which are copied. */
  readonly records: number;
  /** Bytes of each value, for the figures. */
  readonly size: number;
  readonly perTransaction: number;
}

/** Between two looks at how far it is. */
const LOOK_MS = 2;

/**
 * Copies a topic in transactions, each with its offsets. The clock starts with the first commit, so that joining the group does
 * not count.
 *
 * @throws MoldauError when the copy can't go on
 */
export async function copyLoad(moldau: Moldau, { from, to, records, size, perTransaction }: CopyLoad): Promise<Throughput> {
  const id = `copy-${process.pid}-${Math.floor(performance.now())}`;
  await using transform = moldau.transform({
    group: id,
    from,
    to,
    transactionalId: id,
    transform: ({ key, value }) => ({ key, value }),
    maxRecords: perTransaction,
  });
  let failed = false;
  transform.finished.catch(() => {
    failed = true;
  });
  const reaches = async (count: number): Promise<number> => {
    while (!failed && transform.stats().recordsIn < count) await sleep(LOOK_MS);
    if (failed) await transform.finished;
    return transform.stats().recordsIn;
  };
  const before = await reaches(1);
  const stop = startStopwatch();
  const copied = (await reaches(records)) - before;
  return stop(copied, copied * size);
}
