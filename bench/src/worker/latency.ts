import type { Moldau } from '@moldau/client';
import { build } from 'hdr-histogram-js';
import type { LatencyResult, Task } from './protocol.ts';

const STAMP_BYTES = 8;
const MICROSECONDS = 1000;
/** The first ones pay for connections and compilation. */
const WARM_UP_SHARE = 0.2;

/** End to end at a steady rate: each record carries the time it was sent, and the reader in the same process takes the difference. */
export async function measureLatency(moldau: Moldau, task: Extract<Task, { kind: 'latency' }>): Promise<LatencyResult> {
  const { topic, records, size, perSecond } = task;
  const consumer = moldau.consumer({ assignment: [{ topic, from: 'earliest' }] }); // the topic is new
  const warmUp = Math.ceil(records * WARM_UP_SHARE);
  const histogram = build({ numberOfSignificantValueDigits: 3 });
  const reading = (async () => {
    let count = 0;
    for await (const batch of consumer.batches()) {
      const now = performance.now();
      for (const record of batch.records) {
        const value = record.value;
        if (value === null) continue;
        if (count++ >= warmUp) histogram.recordValue(Math.max(1, Math.round((now - stampOf(value)) * MICROSECONDS)));
      }
      if (count >= records + warmUp) return;
    }
  })();
  await sendPaced(moldau, topic, records + warmUp, Math.max(size, STAMP_BYTES), perSecond);
  await reading;
  await consumer.close();
  const at = (percentile: number): number => histogram.getValueAtPercentile(percentile) / MICROSECONDS;
  return { p50Ms: at(50), p99Ms: at(99), p999Ms: at(99.9), maxMs: histogram.maxValue / MICROSECONDS };
}

async function sendPaced(moldau: Moldau, topic: string, records: number, size: number, perSecond: number): Promise<void> {
  const producer = moldau.producer();
  const startedAt = performance.now();
  const deliveries: Promise<unknown>[] = [];
  for (let index = 0; index < records; index++) {
    const ahead = startedAt + (index * 1000) / perSecond - performance.now();
    if (ahead > 0) await new Promise((resolve) => setTimeout(resolve, ahead));
    const value = Buffer.alloc(size);
    value.writeDoubleBE(performance.now(), 0);
    deliveries.push(producer.send({ topic, value }));
  }
  await Promise.all(deliveries);
  await producer.close();
}

function stampOf(value: Uint8Array): number {
  return new DataView(value.buffer, value.byteOffset, STAMP_BYTES).getFloat64(0);
}
