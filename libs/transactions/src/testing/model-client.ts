import type { TransactionOutcome } from '@moldau/records';
import type { ProducerSession } from '../producer-session.ts';
import type { TransactionName } from '../transaction-entry.ts';

/** A producer. Two of them may have the same transactional id: then one is a zombie and does not know it. */
export interface ModelClient {
  readonly name: TransactionName;
  session: ProducerSession | undefined;
  /** A request is unanswered: its answer may be lost, so the client can go on without it. */
  busy: boolean;
  /** The batches of the transaction under way that were acknowledged. */
  acknowledged: number[];
  /** How it wants to end, until it knows that it has. */
  ending: TransactionOutcome | undefined;
}

export function createClient(name: TransactionName): ModelClient {
  return { name, session: undefined, busy: false, acknowledged: [], ending: undefined };
}
