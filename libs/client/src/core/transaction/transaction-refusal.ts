import type { MoldauError } from '@moldau/kernel';
import type { OpenTransaction } from './open-transaction.ts';
import { abortedError, closedError, stateError } from './transaction-errors.ts';
import type { TransactionState } from './transaction-state.ts';

/** Why the transaction, or any, can't be used in this state. */
export function refusalOf(transactionalId: string, state: TransactionState, transaction?: OpenTransaction): MoldauError {
  if (state.t === 'fenced') return state.cause;
  if (state.t === 'closed') return closedError(transactionalId);
  const failed = 'transaction' in state && (transaction === undefined || state.transaction === transaction);
  const failure = failed ? state.transaction.failure : transaction?.failure;
  if (failure !== undefined) return abortedError(transactionalId, failure);
  return stateError(transactionalId, 'the transaction is over, or about to be', state.t);
}
