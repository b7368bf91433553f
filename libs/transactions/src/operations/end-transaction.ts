import type { TransactionOutcome } from '@moldau/records';
import { isSameSession, type ProducerIds, type ProducerSession, sessionAfter } from '../producer-session.ts';
import { done, type Result, refused, transactionError } from '../result.ts';
import {
  type CompleteState,
  type EndCause,
  moveEntry,
  type OngoingState,
  type PrepareState,
  type TransactionEntry,
  type TransactionName,
} from '../transaction-entry.ts';
import type { TransactionRecord } from '../transaction-record.ts';
import { stillCompleting, strangerError, unknownId, wasAborted } from './check-session.ts';

export interface EndTransactionRequest {
  readonly name: TransactionName;
  /** The session that the transaction was written in. */
  readonly session: ProducerSession;
  readonly outcome: TransactionOutcome;
  readonly nowMs: number;
}

/** The transaction is decided. */
export interface EndedTransaction {
  /** What the producer writes its next transaction with. */
  readonly session: ProducerSession;
  /** Whether all markers are written: until then readers see nothing of it, and the next transaction can't begin. */
  readonly complete: boolean;
}

/**
 * Decides the producer's transaction. Its record is the decision; markers follow until all participants have them. The same
 * request again gets the same answer until the producer begins its next transaction, and the next session with it.
 *
 * An abort without a transaction under way is done, with a new epoch: the producer may not know whether its first batch
 * arrived, and that batch must never begin a later transaction. A commit of nothing is refused: the producer believes that it
 * wrote something.
 *
 * Refuses: UNKNOWN_TRANSACTIONAL_ID, FENCED_PRODUCER, TRANSACTION_ABORTED (commit after a timeout or an operator's abort),
 * INVALID_TRANSACTION_STATE, CONCURRENT_TRANSACTIONS.
 */
export function endTransaction(
  entry: TransactionEntry | undefined,
  request: EndTransactionRequest,
  ids: ProducerIds,
): Result<EndedTransaction> {
  const { name, session, outcome, nowMs } = request;
  if (entry === undefined) return refused(unknownId(name));
  const { state } = entry;
  const isCurrent = isSameSession(entry.session, session);
  switch (state.kind) {
    case 'dead':
      return refused(unknownId(name));
    case 'ongoing':
      if (!isCurrent) return refused(strangerError(entry, session));
      return ended(prepareEnd(entry, state, { outcome, cause: 'producer', nowMs }, ids));
    case 'prepareCommit':
    case 'prepareAbort':
      return isCurrent ? refused(stillCompleting(entry)) : endedBefore(entry, state, request);
    case 'completeCommit':
    case 'completeAbort':
      return isCurrent ? endNothing(entry, request, ids) : endedBefore(entry, state, request);
    case 'empty':
      return isCurrent ? endNothing(entry, request, ids) : refused(strangerError(entry, session));
  }
}

/** The record that decides what is under way; the producer's next session is decided with it. */
export function prepareEnd(
  entry: TransactionEntry,
  { startedMs, participants }: OngoingState,
  end: { readonly outcome: TransactionOutcome; readonly cause: EndCause; readonly nowMs: number },
  ids: ProducerIds,
): Extract<TransactionRecord, { readonly kind: 'entry' }> {
  const { outcome, cause, nowMs } = end;
  const ending = { startedMs, participants, former: entry.session, cause };
  const state = outcome === 'commit' ? ({ kind: 'prepareCommit', ...ending } as const) : ({ kind: 'prepareAbort', ...ending } as const);
  return { kind: 'entry', entry: moveEntry(entry, { state, session: sessionAfter(entry.session, ids), nowMs }) };
}

function ended(record: Extract<TransactionRecord, { readonly kind: 'entry' }>): Result<EndedTransaction> {
  const { session, state } = record.entry;
  return done({ session, complete: state.kind === 'completeAbort' }, record);
}

/** A request that comes again, or too late. */
function endedBefore(
  entry: TransactionEntry,
  state: PrepareState<'prepareCommit'> | PrepareState<'prepareAbort'> | CompleteState<'completeCommit'> | CompleteState<'completeAbort'>,
  { name, session, outcome }: EndTransactionRequest,
): Result<EndedTransaction> {
  if (!isSameSession(state.former, session) || state.cause === 'successor') return refused(strangerError(entry, session));
  const decided = state.kind === 'prepareCommit' || state.kind === 'completeCommit' ? 'commit' : 'abort';
  const complete = state.kind === 'completeCommit' || state.kind === 'completeAbort';
  if (decided === outcome) return done({ session: entry.session, complete });
  if (state.cause === 'timeout' || state.cause === 'operator') return refused(wasAborted(entry, state.cause));
  const facts = { value: outcome, limit: decided };
  return refused(transactionError('INVALID_TRANSACTION_STATE', name, `${outcome} of a transaction whose ${decided} is decided`, facts));
}

function endNothing(entry: TransactionEntry, { name, outcome, nowMs }: EndTransactionRequest, ids: ProducerIds): Result<EndedTransaction> {
  if (outcome === 'commit') {
    return refused(
      transactionError('INVALID_TRANSACTION_STATE', name, 'nothing of a transaction to commit is known', { state: entry.state.kind }),
    );
  }
  const state = { kind: 'completeAbort', former: entry.session, cause: 'producer' } as const;
  return ended({ kind: 'entry', entry: moveEntry(entry, { state, session: sessionAfter(entry.session, ids), nowMs }) });
}
