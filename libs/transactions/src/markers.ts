import type { ProducerEpoch, ProducerId } from '@moldau/kernel';
import type { TransactionOutcome } from '@moldau/records';
import { hasParticipants, type Participants, participantsWithout } from './participants.ts';
import { markerEpoch } from './producer-session.ts';
import type { TransactionEntry, TransactionName, TransactionState } from './transaction-entry.ts';

/** A marker, and who has not confirmed it yet. Sent again and again until they have, by whoever owns the shard. */
export interface MarkerTask {
  readonly name: TransactionName;
  readonly producerId: ProducerId;
  /** Above the epoch of the transaction's batches by one: the partition fences them with it. */
  readonly producerEpoch: ProducerEpoch;
  readonly outcome: TransactionOutcome;
  /** May be empty: then only the record that completes the transaction is missing. */
  readonly waiting: Participants;
}

/** Participants that have the marker, or that are gone (a deleted topic): they need none. */
export interface MarkerConfirmation {
  readonly name: TransactionName;
  readonly producerId: ProducerId;
  readonly producerEpoch: ProducerEpoch;
  readonly confirmed: Participants;
  readonly nowMs: number;
}

/** What is confirmed of one prepared transaction. In memory only: a new owner sends all markers again. */
export class Confirmations {
  readonly #task: MarkerTask;
  #waiting: Participants;
  #isCommitted = false;

  constructor(task: MarkerTask) {
    this.#task = task;
    this.#waiting = task.waiting;
  }

  get task(): MarkerTask {
    return { ...this.#task, waiting: this.#waiting };
  }

  get isDone(): boolean {
    return this.#isCommitted && !hasParticipants(this.#waiting);
  }

  /** Whether the decision is committed, so that markers may be sent. */
  get isCommitted(): boolean {
    return this.#isCommitted;
  }

  commit(task: MarkerTask): void {
    if (this.#isOf(task)) this.#isCommitted = true;
  }

  /** Ignores confirmations of another transaction's markers. */
  note(confirmation: MarkerConfirmation): void {
    if (this.#isOf(confirmation)) this.#waiting = participantsWithout(this.#waiting, confirmation.confirmed);
  }

  #isOf({ producerId, producerEpoch }: Pick<MarkerTask, 'producerId' | 'producerEpoch'>): boolean {
    return producerId === this.#task.producerId && producerEpoch === this.#task.producerEpoch;
  }
}

/** The marker of a prepared transaction, for all its participants; undefined in any other state. */
export function markerOf({ name, state }: TransactionEntry): MarkerTask | undefined {
  const outcome = outcomeOf(state);
  if (outcome === undefined || (state.kind !== 'prepareCommit' && state.kind !== 'prepareAbort')) return undefined;
  return { name, producerId: state.former.producerId, producerEpoch: markerEpoch(state.former), outcome, waiting: state.participants };
}

/** What is decided; undefined while nothing is. */
export function outcomeOf({ kind }: TransactionState): TransactionOutcome | undefined {
  switch (kind) {
    case 'prepareCommit':
    case 'completeCommit':
      return 'commit';
    case 'prepareAbort':
    case 'completeAbort':
      return 'abort';
    case 'empty':
    case 'ongoing':
    case 'dead':
      return undefined;
  }
}
