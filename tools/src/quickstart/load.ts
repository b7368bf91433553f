import type { Moldau } from '@moldau/client';

export interface LoadFigures {
  readonly records: number;
  readonly milliseconds: number;
}

/** Records between two looks at the progress bar. */
const REPORT_EVERY = 512;

/** Makes the topic anew: a second quickstart shows the same figures as the first. */
export async function recreateTopic(moldau: Moldau, name: string, partitions: number): Promise<void> {
  const admin = moldau.admin();
  const [deleted] = await admin.deleteTopics([name]);
  if (deleted?.error !== undefined && deleted.error.reason !== 'UNKNOWN_TOPIC') throw deleted.error;
  const [created] = await admin.createTopics([{ name, partitions }]);
  if (created?.error !== undefined) throw created.error;
}

/** Publishes every row as JSON under its key and waits until all are acknowledged. */
export async function publish<Row>(
  moldau: Moldau,
  topic: string,
  rows: readonly Row[],
  keyOf: (row: Row) => string,
  report: (done: number) => void,
): Promise<LoadFigures> {
  const producer = moldau.producer();
  const deliveries: Promise<unknown>[] = [];
  const startedAt = performance.now();
  for (const [index, row] of rows.entries()) {
    deliveries.push(producer.send({ topic, key: Buffer.from(keyOf(row)), value: Buffer.from(JSON.stringify(row)) }));
    if (index % REPORT_EVERY !== 0) continue;
    report(index);
    await producer.drained();
  }
  await producer.flush();
  await Promise.all(deliveries);
  const milliseconds = performance.now() - startedAt;
  report(rows.length);
  await producer.close();
  return { records: rows.length, milliseconds };
}

/** Reads a topic from its beginning to its end. */
export async function readBack(
  moldau: Moldau,
  topic: string,
  each: (key: Uint8Array | null, value: Uint8Array | null) => void,
  report: (done: number) => void,
): Promise<LoadFigures> {
  const consumer = moldau.consumer({ assignment: [{ topic, from: 'earliest' }], stopAtEnd: true });
  let records = 0;
  const startedAt = performance.now();
  for await (const batch of consumer.batches()) {
    for (const record of batch.records) {
      each(record.key, record.value);
      records++;
    }
    report(records);
  }
  const milliseconds = performance.now() - startedAt;
  await consumer.close();
  return { records, milliseconds };
}
