import type { ProducerIds } from '../producer-session.ts';
import { done, type Result, refused, transactionError } from '../result.ts';
import type { TransactionEntry, TransactionName } from '../transaction-entry.ts';
import { stillCompleting, unknownId } from './check-session.ts';
import { prepareEnd } from './end-transaction.ts';

export interface AbortTransactionRequest {
  readonly name: TransactionName;
  readonly nowMs: number;
}

/**
 * Aborts what is under way, by an operator's order. Its producer is fenced from it and may begin anew.
 *
 * Refuses: UNKNOWN_TRANSACTIONAL_ID, CONCURRENT_TRANSACTIONS, INVALID_TRANSACTION_STATE when nothing is under way.
 */
export function abortTransaction(
  entry: TransactionEntry | undefined,
  { name, nowMs }: AbortTransactionRequest,
  ids: ProducerIds,
): Result<undefined> {
  if (entry === undefined) return refused(unknownId(name));
  switch (entry.state.kind) {
    case 'dead':
      return refused(unknownId(name));
    case 'ongoing':
      return done(undefined, prepareEnd(entry, entry.state, { outcome: 'abort', cause: 'operator', nowMs }, ids));
    case 'prepareCommit':
    case 'prepareAbort':
      return refused(stillCompleting(entry));
    case 'empty':
    case 'completeCommit':
    case 'completeAbort':
      return refused(transactionError('INVALID_TRANSACTION_STATE', name, 'no transaction is under way', { state: entry.state.kind }));
  }
}
