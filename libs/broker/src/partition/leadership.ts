import {
  type BrokerEpoch,
  type BrokerId,
  type Clock,
  type LeaderEpoch,
  MoldauError,
  type Offset,
  type PartitionEpoch,
} from '@moldau/kernel';
import { NO_PRODUCER_ID, producerIdAt, stampLogAppendTime } from '@moldau/records';
import { type CommittedTerms, type FollowerEnds, ReplicaSet } from '@moldau/replication';
import type { MarkerClaim, ProducerVerdict, Progress } from '@moldau/storage';
import { AckQueue } from './ack-queue.ts';
import type { PartitionLog } from './partition-log.ts';
import { NO_PRODUCER, type PendingBatch } from './pending-batch.ts';
import type { TopicSettings } from './topic-settings.ts';
import { UnansweredBatches } from './unanswered-batches.ts';

type Duplicate = ProducerVerdict & { readonly kind: 'duplicate' };

/** What the partition's record says of its replicas. */
export interface ReplicaTerms {
  readonly committed: CommittedTerms;
  /** Of the record. */
  readonly partitionEpoch: PartitionEpoch;
  readonly replicas: readonly BrokerId[];
}

export interface LeadershipDeps {
  readonly clock: Clock;
  readonly brokerId: BrokerId;
  readonly log: PartitionLog;
  /** The high watermark moved. */
  readonly onWatermark: () => void;
  /** A replica may lack something from now on. */
  readonly onUneven: () => void;
}

/**
 * This broker's leadership of one partition in one leader epoch: what has been appended in it, who waits for the
 * confirmation, and the high watermark. Ends with `resign`.
 */
export class Leadership {
  readonly epoch: LeaderEpoch;
  /** End of the log when the epoch began: what depends on the watermark is answered once it has reached this. */
  readonly epochStart: Offset;
  /** Where the replicas stand, and the changes of the ISR under way. Who settles a proposal tells `confirm` when the watermark moved. */
  readonly replicas: ReplicaSet;
  readonly #deps: LeadershipDeps;
  /** Wait for the high watermark: acks=all. */
  readonly #confirmations = new AckQueue();
  /** Wait for this broker's own end: acks=leader. */
  readonly #ownWrites = new AckQueue();
  readonly #unanswered = new UnansweredBatches();
  readonly #answer = (batch: PendingBatch): void => this.#answered(batch);

  constructor(deps: LeadershipDeps, epoch: LeaderEpoch, terms: ReplicaTerms) {
    const { log, clock, brokerId: self } = deps;
    this.#deps = deps;
    this.epoch = epoch;
    this.epochStart = log.endOffset;
    const { committed, partitionEpoch, replicas } = terms;
    const ends = { epochStart: this.epochStart, highWatermark: log.highWatermark };
    const nowMs = clock.monotonicMs();
    this.replicas = new ReplicaSet({ self, leaderEpoch: epoch, ...ends, terms: committed, partitionEpoch, replicas, nowMs });
    log.beginEpoch(epoch);
  }

  get highWatermark(): Offset {
    return this.replicas.highWatermark;
  }

  /** Batches that wait for their confirmation. */
  get pendingCount(): number {
    return this.#confirmations.length + this.#ownWrites.length;
  }

  changeTerms({ committed, partitionEpoch, replicas }: ReplicaTerms): void {
    if (this.replicas.changeTerms(committed, partitionEpoch, replicas, this.#deps.clock.monotonicMs())) this.confirm();
    this.#confirmOwn();
  }

  /** Notes where a follower stands whose log agrees with the leader's. */
  followed(follower: BrokerId, life: BrokerEpoch, ends: FollowerEnds): void {
    if (ends.flushedEnd < this.#deps.log.endOffset) this.#deps.onUneven();
    if (this.replicas.followed(follower, life, ends, this.#deps.clock.monotonicMs())) this.confirm();
  }

  /**
   * Appends a batch that has passed its checks, or answers it as the duplicate it is. What it throws was not appended.
   *
   * @throws MoldauError NOT_ENOUGH_REPLICAS, those of idempotence, and those of the log
   */
  append(batch: PendingBatch, bytes: Uint8Array, settings: TopicSettings): void {
    const { log, clock } = this.#deps;
    if (batch.acks === 'all' && !this.replicas.hasQuorum) throw this.#notEnoughReplicas('NOT_ENOUGH_REPLICAS');
    const producerId = producerIdAt(bytes, 0);
    if (producerId !== NO_PRODUCER_ID) {
      const verdict = log.checkProducer(bytes);
      if (verdict.kind === 'duplicate') {
        this.#answerDuplicate(batch, verdict);
        return;
      }
      this.#unanswered.assertRoom(producerId);
    }
    const logAppendTimeMs = settings.timestampType === 'LogAppendTime' ? clock.wallMs() : undefined;
    if (logAppendTimeMs !== undefined) stampLogAppendTime(bytes, 0, logAppendTimeMs);
    const { baseOffset, endOffset } = log.append(bytes, this.epoch);
    batch.appended(baseOffset, endOffset, log.startOffset, logAppendTimeMs);
    if (producerId !== NO_PRODUCER_ID) {
      batch.countsForProducer = producerId;
      this.#unanswered.add(producerId);
    }
    if (batch.acks === 'none') batch.complete();
    else this.#enqueue(batch);
  }

  /**
   * Appends the marker that ends a transaction, or finds it there; `pending` is answered when it is committed.
   *
   * @throws MoldauError NOT_ENOUGH_REPLICAS, and those of `PartitionLog.appendMarker`
   */
  appendMarker(pending: PendingBatch, claim: MarkerClaim): void {
    const { log } = this.#deps;
    if (!this.replicas.hasQuorum) throw this.#notEnoughReplicas('NOT_ENOUGH_REPLICAS');
    const { kind, end } = log.appendMarker(claim, this.epoch);
    // One that was there lies somewhere below the end: whatever is taken back may be it.
    pending.appended((kind === 'appended' ? end - 1 : 0) as Offset, end, log.startOffset, undefined);
    this.#enqueue(pending);
  }

  /** Answers a batch that failed, behind those that arrived before it. */
  refuse(batch: PendingBatch, error: MoldauError): void {
    batch.error = error;
    const queue = batch.acks === 'leader' ? this.#ownWrites : this.#confirmations;
    if (batch.acks === 'none' || queue.length === 0) batch.complete();
    else queue.push(batch);
  }

  progressed(progress: Progress): void {
    switch (progress.kind) {
      case 'advanced':
        this.#deps.onUneven();
        this.#confirmOwn();
        if (this.#tookOwnEnds()) this.confirm();
        return;
      case 'dropped':
        this.#confirmations.drop(progress.from, progress.to, progress.error, this.#answer);
        this.#ownWrites.drop(progress.from, progress.to, progress.error, this.#answer);
        // The log ends earlier again: who has all that is left of it lags behind nothing.
        this.#tookOwnEnds();
        // What waited behind the dropped ones may be due already.
        this.#confirmOwn();
        this.#confirmations.confirm(this.replicas.highWatermark, this.#answer);
        return;
      case 'failed':
        this.resign(inDoubt(progress.error));
    }
  }

  /** Tells the replicas how far the log goes now; true when the watermark moved. */
  #tookOwnEnds(): boolean {
    const { endOffset: logEnd, writtenEnd, flushedEnd } = this.#deps.log;
    return this.replicas.own({ logEnd, writtenEnd, flushedEnd }, this.#deps.clock.monotonicMs());
  }

  /** Takes note of the log's ends as they are when the epoch begins. */
  begin(): void {
    this.progressed({ kind: 'advanced' });
  }

  /** Answers what has waited for too long. */
  expire(nowMs: number): void {
    this.#confirmations.expire(nowMs, (batch) => {
      batch.error ??= this.replicas.hasQuorum ? timedOut(batch) : this.#notEnoughReplicas('NOT_ENOUGH_REPLICAS_AFTER_APPEND');
      this.#answered(batch);
    });
    this.#ownWrites.expire(nowMs, (batch) => {
      batch.error ??= timedOut(batch);
      this.#answered(batch);
    });
  }

  /** Ends the leadership: what waits is answered with `error`, which must be indefinite. */
  resign(error: MoldauError): void {
    this.#confirmations.clear(error, this.#answer);
    this.#ownWrites.clear(error, this.#answer);
  }

  #enqueue(batch: PendingBatch): void {
    if (batch.acks === 'leader') {
      this.#ownWrites.push(batch);
      this.#confirmOwn();
    } else {
      this.#confirmations.push(batch);
      this.#confirmations.confirm(this.replicas.highWatermark, this.#answer);
    }
  }

  /** A duplicate is told its original's offset only once the watermark has passed that: before, it could still vanish. */
  #answerDuplicate(batch: PendingBatch, original: Duplicate): void {
    const end = (original.lastOffset + 1) as Offset;
    batch.appended(original.baseOffset, end, this.#deps.log.startOffset, original.logAppendTime);
    this.#enqueue(batch);
  }

  /** The high watermark moved: what it confirms is answered. */
  confirm(): void {
    this.#deps.log.advanceHighWatermark(this.replicas.highWatermark);
    this.#confirmations.confirm(this.replicas.highWatermark, this.#answer);
    this.#deps.onWatermark();
  }

  #confirmOwn(): void {
    if (this.#ownWrites.length === 0) return;
    const { writtenEnd, flushedEnd } = this.#deps.log;
    this.#ownWrites.confirm(this.replicas.terms.flush === 'sync' ? flushedEnd : writtenEnd, this.#answer);
  }

  #answered(batch: PendingBatch): void {
    if (batch.countsForProducer !== NO_PRODUCER) {
      this.#unanswered.remove(batch.countsForProducer);
      batch.countsForProducer = NO_PRODUCER;
    }
    batch.complete();
  }

  #notEnoughReplicas(reason: 'NOT_ENOUGH_REPLICAS' | 'NOT_ENOUGH_REPLICAS_AFTER_APPEND'): MoldauError {
    const { isr, minIsr } = this.replicas.terms;
    const message = `${isr.length} replicas are in sync; min.insync.replicas asks for ${minIsr}`;
    return new MoldauError(reason, message, { value: String(isr.length), limit: String(minIsr) });
  }
}

function timedOut(batch: PendingBatch): MoldauError {
  const waitedMs = Math.round(batch.deadlineMs - batch.arrivedMs);
  return new MoldauError('REQUEST_TIMED_OUT', `the batch was not confirmed within ${waitedMs} ms`, { limit: String(waitedMs) });
}

/** The same failure for a batch that was appended: whether it survives is unknown. */
function inDoubt(error: MoldauError): MoldauError {
  if (error.certainty === 'indefinite') return error;
  return new MoldauError('LOG_DIRECTORY_FAILED_AFTER_APPEND', error.message, error.facts, { cause: error });
}
