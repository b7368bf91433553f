import type { Moldau } from '@moldau/client';
import { startWatch } from './cpu-watch.ts';
import type { Task, ThroughputResult } from './protocol.ts';

/** From the first batch to the last record, touching each value, as Kafka's tool counts without its join. */
export async function consume(moldau: Moldau, task: Extract<Task, { kind: 'consume' }>): Promise<ThroughputResult> {
  const consumer = moldau.consumer({ assignment: [{ topic: task.topic, from: 'earliest' }], stopAtEnd: true });
  let records = 0;
  let bytes = 0;
  let stop: ReturnType<typeof startWatch> | undefined;
  for await (const batch of consumer.batches()) {
    stop ??= startWatch();
    for (const record of batch.records) {
      bytes += record.value?.length ?? 0;
      records++;
    }
    if (records >= task.records) break;
  }
  const result = stop?.(records, bytes);
  await consumer.close();
  if (result === undefined || records < task.records) throw new Error(`${records} records read of ${task.records}`);
  return result;
}
