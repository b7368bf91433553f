import { type ErrorName, MoldauError } from '@moldau/kernel';
import type { TransactionName } from './transaction-entry.ts';
import type { TransactionRecord } from './transaction-record.ts';

/** What the caller of an operation is told. */
export type Answer<Value> = { readonly kind: 'done'; readonly value: Value } | { readonly kind: 'refused'; readonly error: MoldauError };

/**
 * What an operation gives: records to append and replay, and the answer to release once they are committed. An operation may
 * refuse and write nevertheless: a new session first ends what the old one had under way. One without records decides by
 * what is committed, so its answer too waits for a round of the log that began after the request came.
 */
export interface Result<Value> {
  readonly records: readonly TransactionRecord[];
  readonly answer: Answer<Value>;
}

export function done<Value>(value: Value, ...records: readonly TransactionRecord[]): Result<Value> {
  return { records, answer: { kind: 'done', value } };
}

export function refused(error: MoldauError, ...records: readonly TransactionRecord[]): Result<never> {
  return { records, answer: { kind: 'refused', error } };
}

/** An error about a transactional id, with its name among the facts. */
export function transactionError(
  reason: ErrorName,
  name: TransactionName,
  why: string,
  facts: Readonly<Record<string, string>> = {},
): MoldauError {
  return new MoldauError(reason, `transactional id ${name.transactionalId} of namespace ${name.namespace}: ${why}`, {
    namespace: name.namespace,
    transactional_id: name.transactionalId,
    ...facts,
  });
}
