import { type Moldau, MoldauError } from '@moldau/client';
import { startWatch } from './cpu-watch.ts';
import { payloadsOf } from './payload.ts';
import type { Task, ThroughputResult } from './protocol.ts';

/** Records between two looks at whether the producer's buffer is full. */
const TURN_RECORDS = 64;

/** From the first send to the last acknowledgement; every record's promise is looked at, as Kafka's client is given a callback. */
export async function produce(moldau: Moldau, task: Extract<Task, { kind: 'produce' }>): Promise<ThroughputResult> {
  const { topic, records, size, acks, byTurns } = task;
  const payload = payloadsOf(size);
  await moldau.admin().describeTopics([topic]);
  const producer = moldau.producer({ acks });
  let failure: MoldauError | undefined;
  const failed = (error: unknown): void => {
    failure ??= MoldauError.from(error);
  };
  const stop = startWatch();
  for (let index = 0; index < records && failure === undefined; index++) {
    const record = { topic, value: payload(index) };
    producer.send(byTurns === undefined ? record : { ...record, partition: index % byTurns }).catch(failed);
    if (index % TURN_RECORDS !== 0) continue;
    if (!producer.writable) await producer.drained();
  }
  await producer.flush();
  const result = stop(records, records * size);
  await producer.close();
  if (failure !== undefined) throw failure;
  return result;
}
