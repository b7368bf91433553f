import { type ProducerEpoch, type ProducerId, producerEpoch } from '@moldau/kernel';

/** What a producer writes with: its id, and the epoch that fences all earlier ones of that id. */
export interface ProducerSession {
  readonly producerId: ProducerId;
  readonly producerEpoch: ProducerEpoch;
}

/** Hands out ids that were never handed out. @throws MoldauError COORDINATOR_NOT_AVAILABLE when none is at hand */
export interface ProducerIds {
  take(): ProducerId;
}

/** The last epoch that a producer writes with; the one above is left for the marker that ends its transaction. */
export const SESSION_EPOCH_MAX = 32_766;

const FIRST_EPOCH = producerEpoch(0);

/** A session of a new id. */
export function firstSession(ids: ProducerIds): ProducerSession {
  return { producerId: ids.take(), producerEpoch: FIRST_EPOCH };
}

/** The session after this one: the next epoch, or a new id when the epochs are used up. */
export function sessionAfter(session: ProducerSession, ids: ProducerIds): ProducerSession {
  if (session.producerEpoch >= SESSION_EPOCH_MAX) return firstSession(ids);
  return { producerId: session.producerId, producerEpoch: markerEpoch(session) };
}

/** The epoch of the markers that end a transaction written in this session (KIP-890): above all its batches. */
export function markerEpoch(session: ProducerSession): ProducerEpoch {
  return producerEpoch(session.producerEpoch + 1);
}

export function isSameSession(one: ProducerSession, other: ProducerSession): boolean {
  return one.producerId === other.producerId && one.producerEpoch === other.producerEpoch;
}
