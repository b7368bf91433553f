import { MoldauError } from '@moldau/kernel';
import type { BuilderLimits, RecordHeader } from '@moldau/records';
import type { PartitionView } from '../cluster/metadata-view.ts';
import { BatchSequence } from './batch-sequence.ts';
import { abandonedError, answeredError, expiredError, unknownError } from './delivery-error.ts';
import { type DeliveryTroubles, failureKind, isLeadershipError } from './delivery-failure.ts';
import { OpenBatch } from './open-batch.ts';
import { ProducerBatch, type ProducerSession } from './producer-batch.ts';
import type { RecordMetadata } from './producer-types.ts';
import type { PartitionQueueOptions, QueueOwner } from './queue-owner.ts';
import { SealedBatches } from './sealed-batches.ts';
import { SendingPhase } from './sending-phase.ts';

/** Longest wait when the transaction before is still being completed: that takes a few milliseconds. */
const COMPLETION_WAIT_MS = 20;

/** The batches of one partition, from the first record in the builder to the answer. */
export class PartitionQueue {
  readonly options: PartitionQueueOptions;
  readonly #owner: QueueOwner;
  readonly #open: OpenBatch;
  readonly #sealed = new SealedBatches();
  readonly #phase: SendingPhase;
  /** Why nothing could be written lately; undefined when something was. */
  #trouble: MoldauError | undefined;
  readonly #sequence: BatchSequence;
  /** Batches sealed so far: keyless records move to another partition when it rises. */
  sealedCount = 0;

  constructor(options: PartitionQueueOptions, limits: BuilderLimits, owner: QueueOwner) {
    this.options = options;
    this.#sequence = new BatchSequence(options.idempotent);
    this.#phase = new SendingPhase(options.scheduler, options.random);
    this.#owner = owner;
    this.#open = new OpenBatch(limits);
  }

  /** Who leads the partition, as far as is known now. */
  leader(): PartitionView | undefined {
    return this.options.leader();
  }

  /** Another broker leads, or the same in another epoch. */
  leaderMoved(): void {
    this.#phase.leaderMoved();
  }

  /** Limits for the batches from the next one on; a batch that collects records keeps those it began with. */
  useLimits(limits: BuilderLimits): void {
    this.#open.useLimits(limits);
  }

  /** Batches of any state. */
  get load(): number {
    return this.#sealed.count + (this.#open.batch === undefined ? 0 : 1);
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
    const grown = this.#open.append(timestampMs, key, value, headers);
    if (grown === undefined) return undefined;
    const known = this.#open.batch;
    const batch = known ?? this.#begin();
    batch.bufferedBytes += grown;
    this.#owner.bufferedBytes += grown;
    const promise = batch.track(timestampMs);
    if (known === undefined) this.#owner.opened(this, batch);
    return promise;
  }

  #begin(): ProducerBatch {
    const { id, nowMs } = this.#owner.begin(this);
    this.#owner.openBatches += 1;
    return this.#open.begin(new ProducerBatch(id, this.options.topic, this.options.partition, nowMs));
  }

  /** The open batch takes no more records; a full one, or one that is due. */
  seal(): void {
    const { batch } = this.#open;
    if (batch === undefined) return;
    const { compression, compute } = this.options;
    const sealed = this.#open.seal();
    batch.seal(sealed, compression);
    this.#owner.openBatches -= 1;
    this.#sealed.add(batch);
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

  /** The batch, or whatever it holds, is to go out as soon as there is room; unless it was sealed before. */
  makeDue(batch: ProducerBatch | undefined = this.#open.batch): void {
    if (batch === undefined || this.#open.batch !== batch || this.#open.isDue) return;
    this.#open.isDue = true;
    this.#owner.sendable(this);
  }

  /** A session for the batches from here on, numbered from 0 where the one before was lost. */
  useSession(session: ProducerSession): void {
    this.#sequence.use(session);
    this.#owner.sendable(this);
  }

  /** The batch to send next, if one may go to this broker now; `take` follows, or nothing. */
  next(brokerId: number): ProducerBatch | undefined {
    if (!this.#phase.isFlowing || !this.#sealed.hasRoomAt(brokerId, this.options.maxInFlight)) return undefined;
    if (this.#sealed.first === undefined) {
      if (!this.#open.isDue || this.#open.batch === undefined) return undefined;
      this.seal();
    }
    if (this.options.idempotent && !this.#hasSession()) return undefined;
    const batch = this.#sealed.first;
    return batch?.ready === true ? batch : undefined;
  }

  /** Asks for a session where there is none; it may be there at once. */
  #hasSession(): boolean {
    if (this.#sequence.session === undefined) this.#owner.needSession(this, undefined);
    return this.#sequence.session !== undefined;
  }

  /** Takes what `next` returned: it is under way from here on. Returns its bytes, which no one changes until it is answered. */
  take(batch: ProducerBatch, brokerId: number): Buffer {
    if (this.#sealed.send(batch, brokerId)) this.#sequence.number(batch);
    this.#owner.inFlightBytes += batch.bufferedBytes;
    batch.attempts += 1;
    return batch.bytes(this.#sequence.session);
  }

  /** The broker has confirmed the batch, or `acks: 'none'` asks for no more than that it was sent. */
  acknowledge(batch: ProducerBatch, baseOffset: number | undefined, logAppendTimeMs: number | undefined): void {
    this.#sealed.answer(batch);
    this.#owner.inFlightBytes -= batch.bufferedBytes;
    this.#phase.succeeded();
    if (this.#trouble !== undefined) {
      this.#trouble = undefined;
      this.#owner.recovered(this);
    }
    if (!batch.settled) {
      batch.acknowledge(baseOffset, logAppendTimeMs);
      this.#owner.settled(batch, undefined);
    }
    this.#owner.released(batch);
    this.#goOn();
  }

  /** The broker has refused the batch, or its stream broke before the answer (an indefinite error). */
  fail(batch: ProducerBatch, error: MoldauError): void {
    this.#sealed.answer(batch);
    this.#owner.inFlightBytes -= batch.bufferedBytes;
    if (isLeadershipError(error) && this.#owner.leaderChanged(this, error)) this.#phase.retryWithin(0);
    if (batch.abandoned) {
      this.#owner.released(batch);
      this.#goOn();
      return;
    }
    if (error.reason === 'CONCURRENT_TRANSACTIONS') this.#phase.retryWithin(COMPLETION_WAIT_MS);
    const kind = this.options.idempotent || error.retriable ? failureKind(error) : 'final';
    if (kind === 'retry') this.failing(error);
    switch (kind) {
      case 'duplicate':
        this.#drop(batch, answeredError(batch, error));
        break;
      case 'sequence':
        if (!this.#phase.isDraining || error.reason !== 'OUT_OF_ORDER_SEQUENCE') this.#sequence.lose(error);
        this.#again(batch, error);
        break;
      case 'retry':
        if (error.certainty === 'indefinite') batch.maybeWritten = true;
        this.#again(batch, error);
        break;
      case 'final':
        this.#drop(batch, answeredError(batch, error));
        if (error.certainty === 'indefinite') batch.maybeWritten = true;
        this.#sequence.abandon(batch, error);
        break;
    }
    if (kind !== 'duplicate') this.#phase.drain();
    this.#goOn();
  }

  /** A batch has been answered. */
  #goOn(): void {
    if (this.#phase.isDraining) this.#drained();
    else this.#owner.sendable(this);
  }

  /** Nothing can be written for now: what is not sent in time expires because of this. */
  failing(error: MoldauError): void {
    this.#trouble = error;
    this.#owner.failing(this, error);
  }

  /** The batch has not been confirmed in time. */
  expire(batch: ProducerBatch, seen: DeliveryTroubles): void {
    if (batch.settled) return;
    const inFlight = this.#sealed.isInFlight(batch);
    const error = expiredError(batch, this.options.deliveryTimeoutMs, inFlight, { ...seen, partition: this.#trouble });
    if (inFlight) {
      // It stays: its answer, when it comes, tells whether the sequence goes on.
      batch.fail(error);
      this.#owner.settled(batch, error);
      return;
    }
    if (batch.attempts === 0) {
      this.#dropFresh(batch, error);
      return;
    }
    this.#sealed.remove(batch);
    this.#drop(batch, error);
    this.#sequence.abandon(batch, error);
    this.#stopToRepair();
  }

  /** Fails all that is not under way: the cluster will not take it. */
  failUnsent(error: MoldauError): void {
    this.seal();
    for (const batch of this.#sealed.takeUnsent()) {
      this.#drop(batch, answeredError(batch, error));
      if (batch.attempts > 0) this.#sequence.abandon(batch, error);
    }
    if (this.#sequence.isBroken) this.#stopToRepair();
  }

  /** The transaction that everything here belongs to is over: fails it, and stops to care for what is under way. */
  abandon(error: MoldauError): void {
    this.seal();
    for (const batch of this.#sealed.takeUnsent()) this.#drop(batch, error);
    for (const batch of this.#sealed.underWay) {
      batch.abandoned = true;
      if (batch.settled) continue;
      batch.fail(error);
      this.#owner.settled(batch, error);
    }
  }

  /** A session that numbers from 0; nothing of the one before is to be sent again. */
  restart(session: ProducerSession): void {
    for (const batch of this.#sealed.underWay) batch.abandoned = true;
    this.#sequence.restart(session);
  }

  /** Fails everything: the producer is closed. */
  close(): void {
    this.#phase.drain();
    this.seal();
    for (const batch of this.#sealed.takeInFlight()) this.#drop(batch, abandonedError(batch, true));
    for (const batch of this.#sealed.takeUnsent()) this.#drop(batch, abandonedError(batch, false));
  }

  /** Settles the batch, unless it has expired before, and lets it go. */
  #drop(batch: ProducerBatch, error: MoldauError): void {
    if (!batch.settled) {
      batch.fail(error);
      this.#owner.settled(batch, error);
    }
    this.#owner.released(batch);
  }

  #dropFresh(batch: ProducerBatch, error: MoldauError): void {
    if (batch === this.#open.batch) this.seal();
    if (this.#sealed.remove(batch) === 'nowhere') return;
    this.#drop(batch, error);
    this.#owner.sendable(this);
  }

  /** Puts a failed batch back in its place, unless it has expired meanwhile. */
  #again(batch: ProducerBatch, error: MoldauError): void {
    batch.lastError = error;
    this.#phase.waitAtLeast(error.retryAfterMs ?? 0);
    if (batch.settled) {
      this.#owner.released(batch);
      this.#sequence.abandon(batch, error);
      return;
    }
    this.#sealed.sendAgain(batch);
  }

  /** Nothing goes out before the sequence is repaired. */
  #stopToRepair(): void {
    if (!this.#phase.isFlowing) return;
    this.#phase.drain();
    this.#drained();
  }

  #drained(): void {
    if (this.#sealed.inFlightCount > 0) return;
    this.#phase.hold(this.#sealed.retries.length > 0, () => this.#resume());
  }

  /** Makes the sequence dense again, now that nothing is under way. */
  #resume(): void {
    const lost = this.#sequence.takeLost();
    if (lost !== undefined) {
      // In a new session the broker can't recognise what the old one wrote: what may have been written is not sent again.
      for (const batch of this.#sealed.takeRetries(({ maybeWritten }) => maybeWritten)) this.#drop(batch, unknownError(batch, lost));
    }
    this.#sequence.repair(this.#sealed.retries, lost !== undefined);
    if (lost !== undefined) this.#owner.needSession(this, lost);
    this.#owner.sendable(this);
  }
}
