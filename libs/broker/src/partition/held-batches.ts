import { assert, MoldauError } from '@moldau/kernel';
import { producerEpochAt, producerIdAt } from '@moldau/records';
import type { Verification } from '@moldau/storage';
import type { Partition } from './partition.ts';
import type { PartitionDeps } from './partition-deps.ts';
import type { PendingBatch } from './pending-batch.ts';
import { tooManyUnanswered, UNANSWERED_BATCHES_MAX } from './unanswered-batches.ts';

/** Sessions of which a partition holds batches at once; what they hold counts against the produce budget besides. */
const HELD_SESSIONS_MAX = 10_000;
/** How often the coordinator is asked again because a marker came while it was asked. */
const QUESTIONS_MAX = 3;

/** A transactional batch with what its append needs. */
export interface HeldBatch {
  readonly batch: PendingBatch;
  readonly bytes: Uint8Array;
  readonly claimedEpoch: number | undefined;
}

/** Batches of one session, in the order of their arrival. They wait for one answer. */
interface HeldSession {
  readonly producerId: number;
  readonly producerEpoch: number;
  waiting: HeldBatch[];
  question: Verification | undefined;
}

export interface HeldBatchesDeps {
  readonly deps: PartitionDeps;
  readonly partition: Partition;
  /** Appends it. Throws MoldauError with nothing appended. */
  append(held: HeldBatch): void;
  refuse(batch: PendingBatch, error: MoldauError): void;
}

/**
 * The transactional batches that a partition can't append yet: the first of a producer's session waits until the coordinator has
 * made the partition part of the transaction (KIP-890), so that nothing is appended that no marker will end; those behind it wait
 * with it. A session is open → released | refused | abandoned.
 */
export class HeldBatches {
  readonly #deps: HeldBatchesDeps;
  readonly #sessions = new Map<string, HeldSession>();

  constructor(deps: HeldBatchesDeps) {
    this.#deps = deps;
  }

  get isEmpty(): boolean {
    return this.#sessions.size === 0;
  }

  /**
   * Appends the batch, or holds it.
   *
   * @throws MoldauError those of the append, TOO_MANY_UNANSWERED_BATCHES, MEMORY_BUDGET_EXHAUSTED
   */
  take(held: HeldBatch): void {
    const producerId = producerIdAt(held.bytes, 0);
    const producerEpoch = producerEpochAt(held.bytes, 0);
    const key = `${producerId}:${producerEpoch}`;
    const session = this.#sessions.get(key);
    if (session !== undefined) {
      if (session.waiting.length >= UNANSWERED_BATCHES_MAX) throw tooManyUnanswered(producerId, session.waiting.length);
      session.waiting.push(held);
      return;
    }
    try {
      this.#deps.append(held);
    } catch (caught) {
      const error = MoldauError.from(caught);
      if (!needsCoordinator(error)) throw error;
      if (this.#sessions.size >= HELD_SESSIONS_MAX) throw tooManySessions(this.#sessions.size);
      const opened = { producerId, producerEpoch, waiting: [held], question: undefined };
      this.#sessions.set(key, opened);
      this.#deps.deps.onPending(this.#deps.partition);
      void this.#verify(key, opened, held);
    }
  }

  /** Refuses what has waited for too long: it surely was not appended. */
  expire(nowMs: number): void {
    for (const [key, session] of this.#sessions) {
      const due = session.waiting.filter(({ batch }) => batch.deadlineMs <= nowMs);
      if (due.length === 0) continue;
      session.waiting = session.waiting.filter((held) => !due.includes(held));
      if (session.waiting.length === 0) this.#forget(key, session);
      for (const { batch } of due) this.#deps.refuse(batch, notVerifiedInTime(batch));
    }
  }

  /** The partition is not led here any more. */
  abandon(): void {
    for (const [key, session] of [...this.#sessions]) {
      const { waiting } = session;
      this.#forget(key, session);
      for (const { batch, claimedEpoch } of waiting) this.#deps.refuse(batch, this.#whyNotLeading(claimedEpoch));
    }
  }

  #whyNotLeading(claimedEpoch: number | undefined): MoldauError {
    try {
      this.#deps.partition.leading(claimedEpoch);
    } catch (caught) {
      return MoldauError.from(caught);
    }
    assert(false, 'held batches are abandoned where this broker does not lead');
  }

  /** Never rejects. */
  async #verify(key: string, session: HeldSession, { batch }: HeldBatch): Promise<void> {
    const { deps, partition } = this.#deps;
    assert(batch.transaction !== undefined, 'a held batch names its transaction', {});
    const { context, transactionalId } = batch.transaction;
    const { producerId, producerEpoch } = session;
    const place = { context, transactionalId, producerId, producerEpoch, topicId: partition.topicId, partition: partition.index };
    for (let questions = 1; ; questions += 1) {
      const timeoutMs = Math.max(1, batch.deadlineMs - deps.clock.monotonicMs());
      try {
        await deps.verifier.verify({ ...place, timeoutMs, asking: () => this.#asking(key, session) });
      } catch (caught) {
        if (this.#sessions.get(key) === session) this.#refuseAll(key, session, MoldauError.from(caught));
        return;
      }
      if (this.#sessions.get(key) !== session) return;
      const { question } = session;
      if (question === undefined || partition.log?.confirmVerification(question) === true || questions === QUESTIONS_MAX) {
        this.#release(key, session);
        return;
      }
    }
  }

  /** What was asked before does not count any more: the marker of the transaction before may have come since. */
  #asking(key: string, session: HeldSession): void {
    if (this.#sessions.get(key) !== session) return;
    this.#drop(session);
    session.question = this.#deps.partition.log?.askVerification(session.producerId, session.producerEpoch);
  }

  /** In the order of their arrival, those that come meanwhile too. */
  #release(key: string, session: HeldSession): void {
    for (let at = 0; at < session.waiting.length; at += 1) {
      const held = session.waiting[at]!;
      try {
        this.#deps.append(held);
      } catch (caught) {
        this.#deps.refuse(held.batch, MoldauError.from(caught));
      }
    }
    this.#sessions.delete(key);
  }

  #refuseAll(key: string, session: HeldSession, error: MoldauError): void {
    this.#forget(key, session);
    for (const { batch } of session.waiting) this.#deps.refuse(batch, error);
  }

  #forget(key: string, session: HeldSession): void {
    this.#sessions.delete(key);
    this.#drop(session);
  }

  #drop(session: HeldSession): void {
    if (session.question !== undefined) this.#deps.partition.log?.dropVerification(session.question);
    session.question = undefined;
  }
}

/** The coordinator's word is missing, or the marker of the transaction before is: it waits for that too. */
function needsCoordinator({ reason }: MoldauError): boolean {
  return reason === 'TRANSACTION_NOT_VERIFIED' || reason === 'CONCURRENT_TRANSACTIONS';
}

function tooManySessions(value: number): MoldauError {
  const facts = { budget: 'held transactions', value: String(value), limit: String(HELD_SESSIONS_MAX) };
  return new MoldauError('MEMORY_BUDGET_EXHAUSTED', `${value} transactions wait for their coordinators in this partition`, facts);
}

function notVerifiedInTime({ deadlineMs, arrivedMs }: PendingBatch): MoldauError {
  const waitedMs = Math.round(deadlineMs - arrivedMs);
  const message = `the coordinator of the transaction did not answer within ${waitedMs} ms; the batch was not written`;
  return new MoldauError('COORDINATOR_NOT_AVAILABLE', message, { limit: String(waitedMs) });
}
