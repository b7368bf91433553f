import { assert, type MoldauError } from '@moldau/kernel';
import type { ProducerSession } from '../producer/producer-batch.ts';
import type { OpenTransaction } from './open-transaction.ts';

/**
 * A transactional producer:
 *
 *   new         no session: the first begin asks for one
 *   beginning   a session is asked for
 *   ready       has a session, and no transaction
 *   open        records and offsets belong to the transaction
 *   failed      a part of it failed: it can only be aborted; a commit may ask whether that is because the producer is fenced
 *   committing  what was sent is waited for; then the commit is
 *   undecided   a commit was sent, perhaps carried out, and not answered: it is asked for again, or an abort is tried
 *   aborting    nothing of it counts; the server's word is waited for
 *   stale       its transaction is over, the server did not say with what session to go on: the next begin asks
 *   fenced      another producer has the transactional id: for ever
 *   closed      for ever
 *
 * Moves: new | stale → beginning → open (or back); ready → open; open → failed; open → committing → ready | failed | undecided |
 * stale | fenced; open | failed | undecided → aborting → ready | stale; undecided | failed → committing; aborting → undecided (a commit was
 * carried out after all, and its session is not known yet); any that waits for the server → fenced; any → closed.
 */
export type TransactionState =
  | { readonly t: 'new' }
  | { readonly t: 'beginning'; readonly current: ProducerSession | undefined }
  | { readonly t: 'ready'; readonly session: ProducerSession }
  | { readonly t: 'open'; readonly session: ProducerSession; readonly transaction: OpenTransaction }
  | { readonly t: 'failed'; readonly session: ProducerSession; readonly transaction: OpenTransaction; readonly cause: MoldauError }
  | { readonly t: 'committing'; readonly session: ProducerSession; readonly transaction: OpenTransaction }
  | { readonly t: 'undecided'; readonly session: ProducerSession; readonly transaction: OpenTransaction }
  | { readonly t: 'aborting'; readonly session: ProducerSession; readonly transaction: OpenTransaction }
  | { readonly t: 'stale'; readonly session: ProducerSession | undefined }
  | { readonly t: 'fenced'; readonly cause: MoldauError }
  | { readonly t: 'closed' };

type Name = TransactionState['t'];

const MOVES: Readonly<Record<Name, readonly Name[]>> = {
  new: ['beginning'],
  beginning: ['open', 'new', 'stale', 'fenced'],
  ready: ['open'],
  open: ['failed', 'committing', 'aborting'],
  failed: ['committing', 'aborting'],
  committing: ['ready', 'failed', 'undecided', 'stale', 'fenced'],
  undecided: ['committing', 'aborting'],
  aborting: ['ready', 'stale', 'undecided', 'fenced'],
  stale: ['beginning'],
  fenced: [],
  closed: [],
};

/** The only way from one state to the next. */
export function moveTo(from: TransactionState, to: TransactionState): TransactionState {
  assert(to.t === 'closed' || MOVES[from.t].includes(to.t), 'a legal move of a transactional producer', { from: from.t, to: to.t });
  return to;
}
