import { assert, type Namespace } from '@moldau/kernel';
import type { Participants } from './participants.ts';
import type { ProducerSession } from './producer-session.ts';

/**
 * Where a transactional id stands.
 *
 *     (unknown) ──▶ empty ──▶ ongoing ─┬▶ prepareCommit ──▶ completeCommit ─┬▶ ongoing, empty, dead
 *                     │  ▲      ▲  │   └▶ prepareAbort ───▶ completeAbort ──┘  or completeAbort again
 *                     ▼  └──┐   └──┘                            ▲
 *                    dead  each new session                     └ from empty: an abort of nothing
 *
 * A prepare is the decision: once its record is committed nothing changes the outcome. No transaction begins before the one
 * before it is complete. A participant in another's two-phase commit (KIP-939) would be one state more, between ongoing and
 * the prepares.
 */
export type TransactionState =
  | EmptyState
  | OngoingState
  | PrepareState<'prepareCommit'>
  | PrepareState<'prepareAbort'>
  | CompleteState<'completeCommit'>
  | CompleteState<'completeAbort'>
  | { readonly kind: 'dead' };

/** A session and no transaction since it began. `former`: what the producer held when it asked for this session, if it said so. */
export interface EmptyState {
  readonly kind: 'empty';
  readonly former: ProducerSession | undefined;
}

export interface OngoingState {
  readonly kind: 'ongoing';
  /** Wall time; the timeout counts from it. */
  readonly startedMs: number;
  readonly participants: Participants;
}

export interface PrepareState<Kind extends 'prepareCommit' | 'prepareAbort'> {
  readonly kind: Kind;
  readonly startedMs: number;
  readonly participants: Participants;
  /** The session the transaction was written in. */
  readonly former: ProducerSession;
  readonly cause: EndCause;
}

export interface CompleteState<Kind extends 'completeCommit' | 'completeAbort'> {
  readonly kind: Kind;
  readonly former: ProducerSession;
  readonly cause: EndCause;
}

/** Who ended a transaction: its producer, its timeout, a later producer with the same id, an operator. */
export type EndCause = 'producer' | 'timeout' | 'successor' | 'operator';

/** Names a transactional id: internally it is always the pair. */
export interface TransactionName {
  readonly namespace: Namespace;
  readonly transactionalId: string;
}

/** All that is known of one transactional id. Replaced at each change, never changed. */
export interface TransactionEntry {
  readonly name: TransactionName;
  /** The one that counts: any other is fenced. While a prepare is being completed, the producer's next one. */
  readonly session: ProducerSession;
  readonly timeoutMs: number;
  /** Wall time of the last change. */
  readonly updatedMs: number;
  readonly state: TransactionState;
}

const LEGAL_MOVES: Readonly<Record<TransactionState['kind'], readonly TransactionState['kind'][]>> = {
  empty: ['empty', 'ongoing', 'completeAbort', 'dead'],
  ongoing: ['ongoing', 'prepareCommit', 'prepareAbort'],
  prepareCommit: ['completeCommit'],
  prepareAbort: ['completeAbort'],
  completeCommit: ['empty', 'ongoing', 'completeAbort', 'dead'],
  completeAbort: ['empty', 'ongoing', 'completeAbort', 'dead'],
  dead: [],
};

/** What an operation may change of an entry. */
export interface EntryChange {
  readonly state: TransactionState;
  readonly session?: ProducerSession;
  readonly timeoutMs?: number;
  readonly nowMs: number;
}

/** The entry after a legal move; the only way that operations make one of another. Replay does not ask: compaction drops steps. */
export function moveEntry(entry: TransactionEntry, { state, session, timeoutMs, nowMs }: EntryChange): TransactionEntry {
  assert(LEGAL_MOVES[entry.state.kind].includes(state.kind), 'an illegal move of a transaction', {
    ...entry.name,
    from: entry.state.kind,
    to: state.kind,
  });
  // Wall time may go back; the order of entries by age must not.
  const updatedMs = Math.max(nowMs, entry.updatedMs);
  return { name: entry.name, session: session ?? entry.session, timeoutMs: timeoutMs ?? entry.timeoutMs, updatedMs, state };
}

/** A key for maps; no name holds a slash. */
export function nameKey({ namespace, transactionalId }: TransactionName): string {
  return `${namespace}/${transactionalId}`;
}
