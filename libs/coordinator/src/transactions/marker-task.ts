import type { MoldauError } from '@moldau/kernel';
import type { MarkerTask, Participants } from '@moldau/transactions';
import type { TransactionMachine } from './transaction-machine.ts';

/** A marker of one shard here, for some of those who wait for it: each waiting participant is in one task at a time. */
export interface SentTask extends MarkerTask {
  readonly machine: TransactionMachine;
  /** How often these participants could not be told. */
  readonly attempt: number;
}

export const NO_PARTICIPANTS: Participants = { partitions: [], groups: [] };

/** Of the same marker, those that could not be told. */
export function taskAgain(task: SentTask, waiting: Partial<Participants>): SentTask {
  return { ...task, waiting: { ...NO_PARTICIPANTS, ...waiting }, attempt: task.attempt + 1 };
}

/** What an answer to a marker means for its participant. */
export type MarkerVerdict = 'confirmed' | 'again' | 'fenced';

/**
 * FENCED_PRODUCER is a confirmation: a later marker of this producer is there already, and none is sent before this one is
 * confirmed by all; so it came before. FENCED_SHARD: another instance owns the shard, and sends all markers by itself.
 */
export function verdictOf(error: MoldauError | undefined): MarkerVerdict {
  if (error === undefined || error.reason === 'FENCED_PRODUCER') return 'confirmed';
  return error.reason === 'FENCED_SHARD' ? 'fenced' : 'again';
}
