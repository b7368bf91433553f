import type { ProducerIds } from '../producer-session.ts';
import { moveEntry, type TransactionEntry } from '../transaction-entry.ts';
import type { TransactionRecord } from '../transaction-record.ts';
import { prepareEnd } from './end-transaction.ts';

/** When the transaction under way is aborted, in wall time; undefined when none is. */
export function timeoutAtMs({ state, timeoutMs }: TransactionEntry): number | undefined {
  return state.kind === 'ongoing' ? state.startedMs + timeoutMs : undefined;
}

/** The abort of a transaction whose time is over. Its producer's next batch or request is refused: its epoch is an old one. */
export function expireTransaction(entry: TransactionEntry, nowMs: number, ids: ProducerIds): TransactionRecord | undefined {
  const atMs = timeoutAtMs(entry);
  if (entry.state.kind !== 'ongoing' || atMs === undefined || nowMs < atMs) return undefined;
  return prepareEnd(entry, entry.state, { outcome: 'abort', cause: 'timeout', nowMs }, ids);
}

/** Forgets an id of which nothing was heard for `afterMs`, with nothing under way. */
export function expireIdle(entry: TransactionEntry, nowMs: number, afterMs: number): TransactionRecord | undefined {
  const { state } = entry;
  const idle = state.kind === 'empty' || state.kind === 'completeCommit' || state.kind === 'completeAbort';
  if (!idle || nowMs - entry.updatedMs < afterMs) return undefined;
  return { kind: 'tombstone', name: moveEntry(entry, { state: { kind: 'dead' }, nowMs }).name };
}
