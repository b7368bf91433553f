import type { MoldauError } from '@moldau/kernel';
import { isSameSession, type ProducerSession } from '../producer-session.ts';
import { transactionError } from '../result.ts';
import type { TransactionEntry, TransactionName } from '../transaction-entry.ts';

/** Nothing is known of the id: it never had a session, or was idle for so long that it was forgotten. */
export function unknownId(name: TransactionName): MoldauError {
  return transactionError('UNKNOWN_TRANSACTIONAL_ID', name, 'no session of it is known');
}

/** Another session has taken over. */
export function fenced(entry: TransactionEntry, session: ProducerSession): MoldauError {
  const value = `${session.producerId}, epoch ${session.producerEpoch}`;
  return transactionError('FENCED_PRODUCER', entry.name, `producer ${value} is not its session any more`, {
    producer_id: String(session.producerId),
    producer_epoch: String(session.producerEpoch),
    value,
  });
}

/** The markers of the transaction before are on their way. */
export function stillCompleting(entry: TransactionEntry): MoldauError {
  return transactionError('CONCURRENT_TRANSACTIONS', entry.name, 'its transaction is being completed', { state: entry.state.kind });
}

/** Its transaction did not end as its producer asked. */
export function wasAborted(entry: TransactionEntry, cause: 'timeout' | 'operator'): MoldauError {
  const why =
    cause === 'timeout' ? `its transaction took longer than ${entry.timeoutMs} ms and was aborted` : 'an operator aborted its transaction';
  return transactionError('TRANSACTION_ABORTED', entry.name, why, { limit: String(entry.timeoutMs), cause });
}

/** Why `session` may not go on, where it is not the entry's: fenced, unless only its transaction was taken from it. */
export function strangerError(entry: TransactionEntry, session: ProducerSession): MoldauError {
  const { state } = entry;
  const aborted = state.kind === 'prepareAbort' || state.kind === 'completeAbort';
  if (aborted && isSameSession(state.former, session) && (state.cause === 'timeout' || state.cause === 'operator')) {
    return wasAborted(entry, state.cause);
  }
  return fenced(entry, session);
}
