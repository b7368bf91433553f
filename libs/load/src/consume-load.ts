import type { Assignment, Moldau } from '@moldau/client';
import { startStopwatch, type Throughput } from './stopwatch.ts';

export interface ConsumeLoad {
  readonly assignment: readonly Assignment[];
  /** How many to read; the batch with the last of them is read whole. */
  readonly records: number;
  /** Aborting it ends the run. */
  readonly signal?: AbortSignal;
  /** Told batch by batch how many records were read. */
  readonly onProgress?: (records: number) => void;
}

export interface ConsumeFigures {
  /** From the first batch to the last, as Kafka's tool counts without its join. */
  readonly throughput: Throughput;
  /** With the time it took to find the partitions and get the first batch. */
  readonly whole: Throughput;
}

/**
 * Reads records and touches the key and the value of each.
 *
 * @throws RangeError when there are fewer than were asked for
 */
export async function consumeLoad(moldau: Moldau, load: ConsumeLoad): Promise<ConsumeFigures> {
  const stopWhole = startStopwatch();
  await using consumer = moldau.consumer({
    assignment: load.assignment,
    stopAtEnd: true,
    ...(load.signal === undefined ? {} : { signal: load.signal }),
  });
  let records = 0;
  let bytes = 0;
  let stop: ReturnType<typeof startStopwatch> | undefined;
  for await (const batch of consumer.batches()) {
    stop ??= startStopwatch();
    for (const record of batch.records) {
      bytes += (record.key?.length ?? 0) + (record.value?.length ?? 0);
      records++;
    }
    load.onProgress?.(records);
    if (records >= load.records) break;
  }
  const throughput = (stop ?? stopWhole)(records, bytes);
  const whole = stopWhole(records, bytes);
  load.signal?.throwIfAborted();
  if (records < load.records) {
    const topics = [...new Set(load.assignment.map(({ topic }) => topic))].join(', ');
    throw new RangeError(`${topics}: ${records} records read, ${load.records} were asked for`);
  }
  return { throughput, whole };
}
