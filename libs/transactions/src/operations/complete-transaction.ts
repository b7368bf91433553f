import { moveEntry, type TransactionEntry } from '../transaction-entry.ts';
import type { TransactionRecord } from '../transaction-record.ts';

/** What follows a prepare once all participants have their markers; undefined when nothing is prepared. */
export function completeTransaction(entry: TransactionEntry, nowMs: number): TransactionRecord | undefined {
  const { state } = entry;
  if (state.kind !== 'prepareCommit' && state.kind !== 'prepareAbort') return undefined;
  const { former, cause } = state;
  const complete =
    state.kind === 'prepareCommit'
      ? ({ kind: 'completeCommit', former, cause } as const)
      : ({ kind: 'completeAbort', former, cause } as const);
  return { kind: 'entry', entry: moveEntry(entry, { state: complete, nowMs }) };
}
