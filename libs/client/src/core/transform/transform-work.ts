import { MoldauError } from '@moldau/kernel';
import { invalidOption } from '../client-options.ts';
import type { ConsumedRecord } from '../consumer/consumed-record.ts';
import type { ProducerRecord } from '../producer/producer-types.ts';
import type { Transaction } from '../transaction/transaction.ts';
import type { TransformOptions, TransformOutput, TransformResult } from './transform-types.ts';

/** Works on the records of one transaction, and sends what comes of them. */
export type TransformWork<InK, InV, OutK, OutV> = (
  records: readonly ConsumedRecord<InK, InV>[],
  transaction: Transaction<OutK, OutV>,
) => Promise<void>;

/** @throws MoldauError INVALID_CONFIG when the options have neither `transform` nor `process`, or both */
export function createWork<InK, InV, OutK, OutV>({
  transform,
  process,
  to,
}: Pick<TransformOptions<InK, InV, OutK, OutV>, 'transform' | 'process' | 'to'>): TransformWork<InK, InV, OutK, OutV> {
  if (process !== undefined && transform !== undefined) throw invalidOption('process', 'a function', 'none beside transform');
  if (process !== undefined) return async (records, transaction) => process(records, transaction);
  if (transform === undefined) throw invalidOption('transform', 'undefined', 'a function, or process');
  return async (records, transaction) => {
    const results = records.map(transform);
    for (const pending of results) {
      // They run together; a turn of the event loop for each would cost more than most of them do.
      const result = pending instanceof Promise ? await pending : pending;
      for (const output of outputsOf(result)) {
        void transaction.send(placed(output, to));
        if (!transaction.writable) await transaction.drained();
      }
    }
  };
}

function outputsOf<K, V>(result: TransformResult<K, V>): readonly TransformOutput<K, V>[] {
  if (result === undefined || result === null) return [];
  return 'value' in result ? [result] : result;
}

function placed<K, V>(output: TransformOutput<K, V>, to: string | undefined): ProducerRecord<K, V> {
  const topic = output.topic ?? to;
  if (topic === undefined) throw new MoldauError('INVALID_CONFIG', 'a result names no topic, and the transform has none', { option: 'to' });
  return { ...output, topic };
}
