import { MoldauError } from '@moldau/kernel';
import { itemToError, type Method, type OffsetToCommit, TransactionOutcome, transactionService } from '@moldau/protocol';
import { backoffMs } from '../backoff.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { delay } from '../delay.ts';
import type { GroupIdentity } from '../group/group-types.ts';
import type { ProducerSession } from '../producer/producer-batch.ts';
import type { TransactionGroup, TransactionOffset } from './transaction-types.ts';

/** One try waits no longer: a broker that is there answers sooner, and all calls may be sent again. */
const ATTEMPT_MS = 10_000;
/** Completing the transaction before takes a few milliseconds. */
const COMPLETION_WAIT_MS = 20;
/** The protocol's limit on one call. */
const OFFSETS_MAX = 10_000;

/** Of a call that was not answered as hoped. */
export interface CallFailure {
  readonly error: MoldauError;
  /** Some try may have been carried out. */
  readonly maybeDone: boolean;
}

export interface CallPatience {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** TransactionService for one transactional id: tried again, at any broker, until it is answered or the time is up. */
export class TransactionCalls {
  readonly #cluster: Cluster;
  readonly #transactionalId: string;
  readonly #timeoutMs: number;

  /** `timeoutMs`: of the transactions. */
  constructor(cluster: Cluster, transactionalId: string, timeoutMs: number) {
    this.#cluster = cluster;
    this.#transactionalId = transactionalId;
    this.#timeoutMs = timeoutMs;
  }

  /** A session; after `current`, or a new one. */
  async begin(current: ProducerSession | undefined, patience: CallPatience): Promise<ProducerSession | CallFailure> {
    const request = { transactionalId: this.#transactionalId, timeoutMs: this.#timeoutMs, current };
    const answer = await this.#call(transactionService.beginProducerSession, request, patience);
    return 'error' in answer ? answer : sessionOf(answer.response.session);
  }

  /** Decides; the session to go on with. */
  async end(outcome: 'commit' | 'abort', session: ProducerSession, patience: CallPatience): Promise<ProducerSession | CallFailure> {
    const wireOutcome = outcome === 'commit' ? TransactionOutcome.COMMIT : TransactionOutcome.ABORT;
    const request = { transactionalId: this.#transactionalId, session: wireSession(session), outcome: wireOutcome };
    const answer = await this.#call(transactionService.endTransaction, request, patience);
    return 'error' in answer ? answer : sessionOf(answer.response.session);
  }

  /** Stages offsets of a group. @throws MoldauError of the call, or the first of an offset */
  async commitOffsets(
    session: ProducerSession,
    group: TransactionGroup,
    offsets: readonly TransactionOffset[],
    patience: CallPatience,
  ): Promise<void> {
    // The epoch of the moment at which the caller held the partitions: by a later one it could hold them anew, and have read them again.
    const { groupId, member } = identityOf(group);
    const wired = await Promise.all(offsets.map((offset) => this.#wireOffset(offset, patience)));
    for (let from = 0; from < wired.length; from += OFFSETS_MAX) {
      const request = {
        transactionalId: this.#transactionalId,
        session: wireSession(session),
        groupId,
        member,
        offsets: wired.slice(from, from + OFFSETS_MAX),
      };
      const answer = await this.#call(transactionService.commitTransactionOffsets, request, patience);
      if ('error' in answer) throw answer.error;
      for (const { error } of answer.response.results) if (error !== undefined) throw itemToError(error);
    }
  }

  async #wireOffset({ topic, partition, offset, leaderEpoch, metadata = '' }: TransactionOffset, { timeoutMs, signal }: CallPatience) {
    const { topicId } = await this.#cluster.metadata.lookUp(topic, timeoutMs, signal);
    return { topicId, partition, offset, leaderEpoch, metadata } satisfies OffsetToCommit;
  }

  /** Never rejects: what was tried is as important as how it ended. */
  async #call<Request, Response>(
    method: Method<Request, Response>,
    request: Request,
    { timeoutMs, signal }: CallPatience,
  ): Promise<{ readonly response: Response } | CallFailure> {
    const { clock, scheduler, random } = this.#cluster.ports;
    const deadlineMs = clock.monotonicMs() + timeoutMs;
    let maybeDone = false;
    for (let attempt = 0; ; attempt++) {
      try {
        const leftMs = Math.max(1, deadlineMs - clock.monotonicMs());
        const limits = { timeoutMs: Math.min(leftMs, ATTEMPT_MS), signal, repeatable: false, pauseMs };
        return { response: await this.#cluster.callAny(method, request, limits) };
      } catch (caught) {
        const error = MoldauError.from(caught);
        if (error.certainty === 'indefinite') maybeDone = true;
        const waitMs = backoffMs(random, attempt);
        const over = signal?.aborted === true || clock.monotonicMs() + waitMs >= deadlineMs;
        if (!error.retriable || over) return { error, maybeDone };
        await delay(scheduler, waitMs, signal).catch(() => {});
      }
    }
  }
}

function pauseMs(error: MoldauError): number | undefined {
  return error.reason === 'CONCURRENT_TRANSACTIONS' ? COMPLETION_WAIT_MS : undefined;
}

function identityOf(group: TransactionGroup): { readonly groupId: string; readonly member: Omit<GroupIdentity, 'groupId'> | undefined } {
  if (typeof group === 'string') return { groupId: group, member: undefined };
  const { groupId, memberId, memberEpoch } = 'groupIdentity' in group ? group.groupIdentity() : group;
  return { groupId, member: { memberId, memberEpoch } };
}

function wireSession({ producerId, producerEpoch }: ProducerSession): { producerId: number; producerEpoch: number } {
  return { producerId, producerEpoch };
}

function sessionOf(session: { readonly producerId: number; readonly producerEpoch: number } | undefined): ProducerSession | CallFailure {
  if (session === undefined) return { error: new MoldauError('INTERNAL', 'a broker answered without a session'), maybeDone: true };
  return { producerId: session.producerId, producerEpoch: session.producerEpoch, transactional: true };
}
