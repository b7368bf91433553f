import { RecordBatchBuilder } from '@moldau/records';
import type { Consumer } from '../core/consumer/consumer.ts';
import type { ConsumerOptions } from '../core/consumer/consumer-types.ts';
import { serdes } from '../core/serdes.ts';
import type { FakePartition } from './fake-partition.ts';
import { simulate } from './simulation.contract.ts';

export type TextConsumer = Consumer<string, string>;

export interface BatchInput {
  readonly values: readonly string[];
  readonly timestampMs?: number;
  readonly compression?: 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd';
  readonly transactional?: { readonly producerId: number; readonly baseSequence: number };
}

/** A batch as a producer makes it. */
export function batch({ values, timestampMs = 1000, compression = 'none', transactional }: BatchInput): Buffer {
  const builder = new RecordBatchBuilder({ targetBytes: 1 << 20, maxBytes: 1 << 20 });
  for (const value of values) builder.append(timestampMs, null, Buffer.from(value));
  return builder.build({
    compression,
    ...(transactional === undefined ? {} : { ...transactional, producerEpoch: 0, transactional: true }),
  });
}

/** A simulated cluster, and consumers of texts. */
export function setUpConsumer(brokers = 1) {
  const simulation = simulate({ brokers });
  const moldau = simulation.connect();
  return {
    ...simulation,
    moldau,
    consumer: (options: ConsumerOptions<string, string>): TextConsumer =>
      moldau.consumer({ keyDeserializer: serdes.string, valueDeserializer: serdes.string, ...options }),
  };
}

/** Appends `count` records, their place as their value. */
export function fill(partition: FakePartition | undefined, count: number, per = 10): void {
  for (let from = 0; from < count; from += per) {
    const values = Array.from({ length: Math.min(per, count - from) }, (_, index) => `${partition?.index}:${from + index}`);
    partition?.append(batch({ values, timestampMs: 1000 + from }));
  }
}

/** The next `count` values. */
export async function take(consumer: TextConsumer, count: number): Promise<string[]> {
  const values: string[] = [];
  for await (const record of consumer) {
    values.push(record.value ?? '');
    if (values.length >= count) break;
  }
  return values;
}

/** All values, until iteration ends. */
export async function drain(consumer: TextConsumer): Promise<string[]> {
  return take(consumer, Number.POSITIVE_INFINITY);
}

/** The values that `fill` wrote. */
export const numbers = (partition: number, from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, index) => `${partition}:${from + index}`);
