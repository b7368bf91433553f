import { MoldauError } from '@moldau/kernel';
import { partitionForKey } from '@moldau/records';
import type { Emit, SinkOperator } from '../graph/operator.ts';
import type { CurrentRecord } from '../record/record-context.ts';
import type { KeySerde } from '../serdes/serde.ts';
import { type Failures, isFatal } from './failures.ts';
import type { Output } from './output.ts';
import type { TaskStats } from './task-stats.ts';

export interface SinkOptions {
  readonly sink: SinkOperator;
  /** Of a sink whose topic is fixed. */
  readonly topic: string | undefined;
  readonly output: Output;
  readonly record: CurrentRecord;
  readonly failures: Failures;
  readonly stats: TaskStats;
}

/** Serializes results and hands them out. */
export function createSink(options: SinkOptions): Emit<unknown, unknown> {
  const { sink, output, record, failures, stats } = options;
  const choose = typeof sink.topic === 'function' ? sink.topic : undefined;
  return (key, value, _old, timestampMs) => {
    try {
      const topic = choose === undefined ? (options.topic ?? '') : choose(value, key, record);
      const keyBytes = key === null ? null : sink.key.serialize(key, topic);
      const valueBytes = value === null ? null : sink.value.serialize(value, topic);
      const partition = partitionOf(options, topic, { key, value, keyBytes });
      output.send({ topic, partition, key: keyBytes, value: valueBytes, timestampMs, headers: record.headers });
      stats.sent++;
    } catch (cause) {
      if (isFatal(cause)) throw cause;
      failures.production(sink.name, unwritable(sink.name, cause), { key, value });
    }
  };
}

function partitionOf(
  { sink, output }: SinkOptions,
  topic: string,
  { key, value, keyBytes }: { readonly key: unknown; readonly value: unknown; readonly keyBytes: Uint8Array | null },
): number | undefined {
  const partitionBytes = (sink.key as KeySerde<unknown>).partitionBytes;
  if (sink.partitioner === undefined && partitionBytes === undefined) return undefined;
  const count = output.partitionCount(topic);
  if (count === undefined) return undefined;
  if (sink.partitioner !== undefined) return checked(sink.partitioner(value, key, count), count);
  return keyBytes === null || partitionBytes === undefined ? undefined : partitionForKey(partitionBytes(keyBytes), count);
}

function checked(partition: number, count: number): number {
  if (Number.isInteger(partition) && partition >= 0 && partition < count) return partition;
  throw new RangeError(`the partitioner chose partition ${partition} of ${count}`);
}

function unwritable(operator: string, cause: unknown): MoldauError {
  if (cause instanceof MoldauError) return cause;
  const detail = cause instanceof Error ? cause.message : String(cause);
  return new MoldauError('SERIALIZATION_FAILED', `a result of ${operator} can not be written: ${detail}`, { operator }, { cause });
}
