import { assert, type CompressionName, type Compute, MoldauError, type Random, type Scheduler, type Timer } from '@moldau/kernel';
import { advanceSequence, type BuilderLimits, RecordBatchBuilder, type RecordHeader } from '@moldau/records';
import { backoffMs } from '../backoff.ts';
import type { PartitionView } from '../cluster/metadata-view.ts';
import { abandonedError, answeredError, expiredError, failureKind, isLeadershipError, unknownError } from './delivery-error.ts';
import { ProducerBatch, type ProducerSession } from './producer-batch.ts';
import type { RecordMetadata } from './producer-types.ts';

/**
 * How a partition sends:
 *
 *   flowing   batches go out, up to `maxInFlight` unanswered
 *   draining  one failed: nothing goes out until the others under way are answered, or order would be lost
 *   holding   none is under way; waits before the failed ones go out again, in their order
 *
 * Moves: flowing → draining (a failure, others under way), flowing | draining → holding (a failure, none under way),
 * holding → flowing (the wait is over; the sequence is repaired first).
 */
type Phase = { readonly t: 'flowing' } | { readonly t: 'draining' } | { readonly t: 'holding'; readonly timer: Timer };

const FLOWING: Phase = { t: 'flowing' };
const DRAINING: Phase = { t: 'draining' };

export interface PartitionQueueOptions {
  readonly topic: string;
  readonly topicId: string;
  readonly partition: number;
  /** Who leads the partition, as far as is known now. */
  leader(): PartitionView | undefined;
  readonly compression: CompressionName;
  readonly idempotent: boolean;
  readonly maxInFlight: number;
  readonly deliveryTimeoutMs: number;
  readonly compute: Compute;
  readonly scheduler: Scheduler;
  readonly random: Random;
}

/** What a partition's queue asks of its producer. */
export interface QueueOwner {
  /** Bytes of records not yet done with, in all queues. */
  bufferedBytes: number;
  /** Those of them that are under way. */
  inFlightBytes: number;
  /** Batches that collect records, in all queues. */
  openBatches: number;
  /** A new batch: its id, and the time. */
  begin(queue: PartitionQueue): { readonly id: number; readonly nowMs: number };
  /** The first record of a batch has been appended. */
  opened(queue: PartitionQueue, batch: ProducerBatch): void;
  /** There may be something to send. */
  sendable(queue: PartitionQueue): void;
  /** The batch's promises are settled. */
  settled(batch: ProducerBatch, outcome: 'acknowledged' | 'failed'): void;
  /** The batch has left its queue; its memory is free. */
  released(batch: ProducerBatch): void;
  /** Batches can't be numbered before the queue has a session; `lost` says why the one before is of no use. */
  needSession(queue: PartitionQueue, lost: MoldauError | undefined): void;
  /** The metadata seems to be stale. */
  staleMetadata(): void;
}

/** The batches of one partition, from the first record in the builder to the answer. */
export class PartitionQueue {
  readonly options: PartitionQueueOptions;
  readonly #owner: QueueOwner;
  #limits: BuilderLimits;
  #builder: RecordBatchBuilder;
  #open: ProducerBatch | undefined;
  /** The open batch is to be sent as soon as there is room, however small. */
  #openDue = false;
  /** Sealed and never sent, in order. */
  readonly #fresh: ProducerBatch[] = [];
  /** Sent and to be sent again, in order; all before `#fresh`. */
  readonly #retries: ProducerBatch[] = [];
  /** Sent and not answered, in order. */
  readonly #inFlight: ProducerBatch[] = [];
  #phase: Phase = FLOWING;
  /** Failures since the last success. */
  #failures = 0;
  #retryAfterMs = 0;
  #session: ProducerSession | undefined;
  #nextSequence = 0;
  /** The first sequence number that was used and surely not written, with the batch that had it. */
  #gap: { readonly batchId: number; readonly sequence: number } | undefined;
  /** Why the session can't go on: the broker lost it, or nobody knows which of its batches were written. */
  #lost: MoldauError | undefined;
  /** Batches sealed so far: keyless records move to another partition when it rises. */
  sealedCount = 0;

  constructor(options: PartitionQueueOptions, limits: BuilderLimits, owner: QueueOwner) {
    this.options = options;
    this.#owner = owner;
    this.#limits = limits;
    this.#builder = new RecordBatchBuilder(limits);
  }

  /** Who leads the partition, as far as is known now. */
  leader(): PartitionView | undefined {
    return this.options.leader();
  }

  get limits(): BuilderLimits {
    return this.#limits;
  }

  /** Limits for the batches from the next one on; a batch that collects records keeps those it began with. */
  setLimits(limits: BuilderLimits): void {
    if (this.#open !== undefined) return;
    this.#limits = limits;
    this.#builder = new RecordBatchBuilder(limits);
  }

  /** Batches of any state. */
  get load(): number {
    return this.#fresh.length + this.#retries.length + this.#inFlight.length + (this.#open === undefined ? 0 : 1);
  }

  get inFlightCount(): number {
    return this.#inFlight.length;
  }

  /**
   * Appends a record to the open batch. Undefined when that one is full: seal it and try again.
   *
   * @throws MoldauError RECORD_TOO_LARGE
   */
  append(
    timestampMs: number,
    key: Uint8Array | null,
    value: Uint8Array | null,
    headers: readonly RecordHeader[] | undefined,
  ): Promise<RecordMetadata> | undefined {
    const builder = this.#builder;
    const before = this.#open === undefined ? 0 : builder.sizeInBytes;
    if (!builder.append(timestampMs, key, value, headers)) return undefined;
    const grown = builder.sizeInBytes - before;
    const batch = this.#open ?? this.#begin();
    batch.bufferedBytes += grown;
    this.#owner.bufferedBytes += grown;
    const promise = batch.track(timestampMs);
    if (before === 0) this.#owner.opened(this, batch);
    return promise;
  }

  #begin(): ProducerBatch {
    const { id, nowMs } = this.#owner.begin(this);
    const batch = new ProducerBatch(id, this.options.topic, this.options.partition, nowMs);
    this.#open = batch;
    this.#openDue = false;
    this.#owner.openBatches += 1;
    return batch;
  }

  /** The open batch takes no more records; a full one, or one that is due. */
  seal(): void {
    const batch = this.#open;
    if (batch === undefined) return;
    const { compression, compute } = this.options;
    const sealed = this.#builder.seal();
    batch.seal(sealed, compression);
    this.#open = undefined;
    this.#owner.openBatches -= 1;
    this.#fresh.push(batch);
    this.sealedCount += 1;
    if (compression === 'none') {
      this.#owner.sendable(this);
      return;
    }
    compute.compress(compression, sealed.records).then(
      (payload) => {
        batch.compressed(payload);
        this.#owner.sendable(this);
      },
      (caught: unknown) => this.#dropFresh(batch, answeredError(batch, MoldauError.from(caught))),
    );
  }

  /** The batch is to go out as soon as there is room, if it still collects records. */
  makeDue(batch: ProducerBatch): void {
    if (this.#open !== batch || this.#openDue) return;
    this.#openDue = true;
    this.#owner.sendable(this);
  }

  /** Whatever it holds is to go out as soon as there is room. */
  makeAllDue(): void {
    if (this.#open !== undefined) this.makeDue(this.#open);
  }

  get session(): ProducerSession | undefined {
    return this.#session;
  }

  /** A session for the batches from here on, numbered from 0 where the one before was lost. */
  useSession(session: ProducerSession): void {
    this.#session = session;
    this.#owner.sendable(this);
  }

  /** The batch to send next, if one may be sent now; `take` follows, or nothing. */
  next(): ProducerBatch | undefined {
    if (this.#phase.t !== 'flowing' || this.#inFlight.length >= this.options.maxInFlight) return undefined;
    if (this.#retries.length === 0 && this.#fresh.length === 0) {
      if (!this.#openDue || this.#open === undefined) return undefined;
      this.seal();
    }
    if (this.options.idempotent && !this.#hasSession()) return undefined;
    const batch = this.#retries[0] ?? this.#fresh[0];
    return batch?.ready === true ? batch : undefined;
  }

  /** Asks for a session where there is none; it may be there at once. */
  #hasSession(): boolean {
    if (this.#session === undefined) this.#owner.needSession(this, undefined);
    return this.#session !== undefined;
  }

  /** Takes what `next` returned: it is under way from here on. Returns its bytes, which no one changes until it is answered. */
  take(batch: ProducerBatch): Buffer {
    if (this.#retries[0] === batch) {
      this.#retries.shift();
    } else {
      assert(this.#fresh[0] === batch, 'batches are sent in their order', { batch: batch.id });
      this.#fresh.shift();
      batch.sequence = this.#nextSequence;
      this.#nextSequence = advanceSequence(this.#nextSequence, batch.count);
    }
    this.#inFlight.push(batch);
    this.#owner.inFlightBytes += batch.bufferedBytes;
    batch.attempts += 1;
    return batch.bytes(this.#session);
  }

  /** The broker has confirmed the batch, or `acks: 'none'` asks for no more than that it was sent. */
  acknowledge(batch: ProducerBatch, baseOffset: number | undefined, logAppendTimeMs: number | undefined): void {
    this.#leave(batch);
    this.#failures = 0;
    if (!batch.settled) {
      batch.acknowledge(baseOffset, logAppendTimeMs);
      this.#owner.settled(batch, 'acknowledged');
    }
    this.#owner.released(batch);
    if (this.#phase.t === 'draining') this.#drained();
    else this.#owner.sendable(this);
  }

  /** The broker has refused the batch, or its stream broke before the answer (an indefinite error). */
  fail(batch: ProducerBatch, error: MoldauError): void {
    this.#leave(batch);
    const kind = this.options.idempotent || error.retriable ? failureKind(error) : 'final';
    const earlierFailure = this.#phase.t === 'draining';
    if (isLeadershipError(error)) this.#owner.staleMetadata();
    switch (kind) {
      case 'duplicate':
        this.#drop(batch, answeredError(batch, error));
        break;
      case 'sequence':
        if (!earlierFailure || error.reason !== 'OUT_OF_ORDER_SEQUENCE') this.#lost ??= error;
        this.#again(batch, error);
        break;
      case 'retry':
        if (error.certainty === 'indefinite') batch.maybeWritten = true;
        this.#again(batch, error);
        break;
      case 'final':
        this.#drop(batch, answeredError(batch, error));
        if (error.certainty === 'indefinite') batch.maybeWritten = true;
        this.#abandonSequence(batch, error);
        break;
    }
    if (kind !== 'duplicate') this.#phase = DRAINING;
    if (this.#phase.t === 'draining') this.#drained();
    else this.#owner.sendable(this);
  }

  /** The batch has not been confirmed in time. */
  expire(batch: ProducerBatch, otherwise: MoldauError | undefined): void {
    if (batch.settled) return;
    const { deliveryTimeoutMs } = this.options;
    if (this.#inFlight.includes(batch)) {
      // It stays: its answer, when it comes, tells whether the sequence goes on.
      batch.fail(expiredError(batch, deliveryTimeoutMs, true, otherwise));
      this.#owner.settled(batch, 'failed');
      return;
    }
    const error = expiredError(batch, deliveryTimeoutMs, false, otherwise);
    const retry = this.#retries.indexOf(batch);
    if (retry < 0) {
      this.#dropFresh(batch, error);
      return;
    }
    this.#retries.splice(retry, 1);
    this.#drop(batch, error);
    this.#abandonSequence(batch, error);
    if (this.#phase.t !== 'flowing') return;
    this.#phase = DRAINING;
    this.#drained();
  }

  /** Fails all that is not under way: the cluster will not take it. */
  failUnsent(error: MoldauError): void {
    if (this.#open !== undefined) this.seal();
    for (const batch of this.#fresh.splice(0)) this.#drop(batch, answeredError(batch, error));
    for (const batch of this.#retries.splice(0)) {
      this.#drop(batch, answeredError(batch, error));
      this.#abandonSequence(batch, error);
    }
    if (this.#phase.t !== 'flowing' || (this.#gap === undefined && this.#lost === undefined)) return;
    this.#phase = DRAINING;
    this.#drained();
  }

  /** Fails everything: the producer is closed. */
  close(): void {
    if (this.#phase.t === 'holding') this.#phase.timer.cancel();
    this.#phase = DRAINING;
    if (this.#open !== undefined) this.seal();
    for (const batch of this.#inFlight.splice(0)) this.#drop(batch, abandonedError(batch, true));
    for (const batch of [...this.#retries.splice(0), ...this.#fresh.splice(0)]) this.#drop(batch, abandonedError(batch, false));
  }

  #leave(batch: ProducerBatch): void {
    const at = this.#inFlight.indexOf(batch);
    assert(at >= 0, 'only a batch under way is answered', { batch: batch.id });
    this.#inFlight.splice(at, 1);
    this.#owner.inFlightBytes -= batch.bufferedBytes;
  }

  /** Settles the batch, unless it has expired before, and lets it go. */
  #drop(batch: ProducerBatch, error: MoldauError): void {
    if (!batch.settled) {
      batch.fail(error);
      this.#owner.settled(batch, 'failed');
    }
    this.#owner.released(batch);
  }

  #dropFresh(batch: ProducerBatch, error: MoldauError): void {
    if (batch === this.#open) this.seal();
    const at = this.#fresh.indexOf(batch);
    if (at < 0) return;
    this.#fresh.splice(at, 1);
    this.#drop(batch, error);
    this.#owner.sendable(this);
  }

  /** Puts a failed batch back in its place, unless it has expired meanwhile. */
  #again(batch: ProducerBatch, error: MoldauError): void {
    batch.lastError = error;
    this.#retryAfterMs = Math.max(this.#retryAfterMs, error.retryAfterMs ?? 0);
    if (batch.settled) {
      this.#owner.released(batch);
      this.#abandonSequence(batch, error);
      return;
    }
    let at = this.#retries.length;
    while (at > 0 && this.#retries[at - 1]!.id > batch.id) at -= 1;
    this.#retries.splice(at, 0, batch);
  }

  /** The batch will not be sent again: what becomes of its place in the sequence. */
  #abandonSequence(batch: ProducerBatch, error: MoldauError): void {
    if (!this.options.idempotent) return;
    if (batch.maybeWritten) this.#lost ??= error;
    else if (this.#gap === undefined || this.#gap.batchId > batch.id) this.#gap = { batchId: batch.id, sequence: batch.sequence };
  }

  #drained(): void {
    if (this.#inFlight.length > 0) return;
    const { scheduler, random } = this.options;
    const pauseMs = this.#retries.length === 0 ? 0 : Math.max(this.#retryAfterMs, backoffMs(random, this.#failures));
    this.#retryAfterMs = 0;
    this.#failures += 1;
    const timer = scheduler.after(pauseMs, () => {
      this.#repair();
      this.#phase = FLOWING;
      this.#owner.sendable(this);
    });
    this.#phase = { t: 'holding', timer };
  }

  /** Makes the sequence dense again, once nothing is under way. */
  #repair(): void {
    const lost = this.#lost;
    const gap = this.#gap;
    this.#lost = undefined;
    this.#gap = undefined;
    if (lost !== undefined) this.#abandonSession(lost);
    else if (gap !== undefined) this.#renumber(gap.batchId, gap.sequence);
  }

  /** In a new session the broker can't recognise what the old one wrote, so what may have been written is not sent again. */
  #abandonSession(lost: MoldauError): void {
    const keep = this.#retries.filter(({ maybeWritten }) => !maybeWritten);
    for (const batch of this.#retries) if (batch.maybeWritten) this.#drop(batch, unknownError(batch, lost));
    this.#retries.splice(0, this.#retries.length, ...keep);
    this.#session = undefined;
    this.#renumber(-1, 0);
    this.#owner.needSession(this, lost);
  }

  /** The broker takes nothing that comes after a gap, so none of the batches after it was written. */
  #renumber(afterBatchId: number, from: number): void {
    let sequence = from;
    for (const batch of this.#retries) {
      if (batch.id <= afterBatchId) continue;
      batch.renumber(sequence);
      sequence = advanceSequence(sequence, batch.count);
    }
    this.#nextSequence = sequence;
  }
}
