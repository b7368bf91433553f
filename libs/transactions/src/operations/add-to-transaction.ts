import { assert } from '@moldau/kernel';
import { hasParticipants, joinParticipants, NO_PARTICIPANTS, type Participants, participantsWithout } from '../participants.ts';
import { isSameSession, type ProducerSession } from '../producer-session.ts';
import { done, type Result, refused, transactionError } from '../result.ts';
import { moveEntry, type TransactionEntry, type TransactionName } from '../transaction-entry.ts';
import { stillCompleting, strangerError, unknownId } from './check-session.ts';

export interface AddToTransactionRequest {
  readonly name: TransactionName;
  readonly session: ProducerSession;
  /** What is about to be written to; at least one. */
  readonly participants: Participants;
  readonly nowMs: number;
}

/**
 * Makes partitions and groups part of the producer's transaction, and begins it with the first. The answer is the proof that
 * a partition's leader needs before the first batch of a transaction: until it is given nothing may be appended.
 *
 * Refuses: UNKNOWN_TRANSACTIONAL_ID, FENCED_PRODUCER, TRANSACTION_ABORTED, CONCURRENT_TRANSACTIONS. Throws
 * TRANSACTION_TOO_LARGE.
 */
export function addToTransaction(entry: TransactionEntry | undefined, request: AddToTransactionRequest): Result<undefined> {
  const { session, participants, nowMs } = request;
  assert(hasParticipants(participants), 'a transaction is joined by something');
  if (entry === undefined) return refused(unknownId(request.name));
  if (!isSameSession(entry.session, session)) return refused(strangerError(entry, session));
  switch (entry.state.kind) {
    case 'prepareCommit':
    case 'prepareAbort':
      return refused(stillCompleting(entry));
    case 'dead':
      return refused(unknownId(request.name));
    case 'ongoing': {
      const joined = joinParticipants(entry.state.participants, participants);
      if (joined === entry.state.participants) return done(undefined);
      const state = { kind: 'ongoing', startedMs: entry.state.startedMs, participants: joined } as const;
      return done(undefined, { kind: 'entry', entry: moveEntry(entry, { state, nowMs }) });
    }
    case 'empty':
    case 'completeCommit':
    case 'completeAbort': {
      const state = { kind: 'ongoing', startedMs: nowMs, participants: joinParticipants(NO_PARTICIPANTS, participants) } as const;
      return done(undefined, { kind: 'entry', entry: moveEntry(entry, { state, nowMs }) });
    }
  }
}

export interface VerifyTransactionRequest {
  readonly name: TransactionName;
  readonly session: ProducerSession;
  readonly participants: Participants;
}

/**
 * Whether partitions and groups are part of the transaction that this session has under way (KIP-890), adding none.
 *
 * Refuses as `addToTransaction` does, and INVALID_TRANSACTION_STATE when one is missing.
 */
export function verifyTransaction(entry: TransactionEntry | undefined, request: VerifyTransactionRequest): Result<undefined> {
  const { name, session, participants } = request;
  if (entry === undefined || entry.state.kind === 'dead') return refused(unknownId(name));
  if (!isSameSession(entry.session, session)) return refused(strangerError(entry, session));
  const { state } = entry;
  if (state.kind === 'prepareCommit' || state.kind === 'prepareAbort') return refused(stillCompleting(entry));
  const missing = participantsWithout(participants, state.kind === 'ongoing' ? state.participants : NO_PARTICIPANTS);
  if (!hasParticipants(missing)) return done(undefined);
  const [first] = [...missing.partitions.map(({ topicId, partition }) => `${topicId}/${partition}`), ...missing.groups];
  return refused(transactionError('INVALID_TRANSACTION_STATE', name, `${first} is not part of its transaction`, { value: first ?? '' }));
}
