import { type ErrorName, type LeaderEpoch, leaderEpoch, MoldauError, offset } from '@moldau/kernel';
import {
  advanceSequence,
  baseOffsetAt,
  baseSequenceAt,
  countAt,
  isControlAt,
  isTransactionalAt,
  lastOffsetAt,
  maxTimestampAt,
  NO_PRODUCER_ID,
  partitionLeaderEpochAt,
  producerEpochAt,
  producerIdAt,
  readBatch,
  stampPosition,
  transactionMarkerOf,
  validateBatch,
} from '@moldau/records';

/** What the broker remembers of a producer, as the real one does: its last five batches. */
interface ProducerState {
  readonly epoch: number;
  nextSequence: number;
  recent: { readonly baseSequence: number; readonly count: number; readonly baseOffset: number }[];
}

const RECENT_MAX = 5;

export interface FakePartitionPlace {
  readonly topicId: string;
  readonly index: number;
  readonly leaderId: number;
}

/** A partition of the fake cluster: a log in memory with the real one's checks of batches, epochs and sequences. */
export class FakePartition {
  readonly topicId: string;
  readonly index: number;
  readonly maxMessageBytes: number;
  readonly batches: Buffer[] = [];
  leaderId: number | undefined;
  /** Whether refusals name the leader. */
  hints = false;
  leaderEpoch: LeaderEpoch = leaderEpoch(0);
  logStart = 0;
  end = 0;
  readonly #producers = new Map<number, ProducerState>();
  readonly #listeners = new Set<() => void>();

  readonly #onMoved: () => void;

  constructor(place: FakePartitionPlace, maxMessageBytes: number, onMoved: () => void) {
    this.topicId = place.topicId;
    this.index = place.index;
    this.leaderId = place.leaderId;
    this.maxMessageBytes = maxMessageBytes;
    this.#onMoved = onMoved;
  }

  /** Called after each change: an append, another leader, another start. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  notify(): void {
    for (const listener of this.#listeners) listener();
  }

  moveTo(brokerId: number | undefined): void {
    this.leaderId = brokerId;
    this.leaderEpoch = leaderEpoch(this.leaderEpoch + 1);
    this.#onMoved();
    this.notify();
  }

  /** What a broker says to a request for this partition; undefined when it leads it in that epoch. */
  refusal(brokerId: number, epoch: number | undefined): MoldauError | undefined {
    const place = { topic_id: this.topicId, partition: String(this.index) };
    const hint = this.leaderId === undefined ? {} : { leader: String(this.leaderId), leader_epoch: String(this.leaderEpoch) };
    const facts = this.hints ? { ...place, ...hint } : place;
    const fault = (reason: ErrorName): MoldauError => new MoldauError(reason, `${reason} of ${this.topicId}-${this.index}`, facts);
    if (this.leaderId !== brokerId) return fault('NOT_LEADER');
    if (epoch === undefined || epoch === this.leaderEpoch) return undefined;
    return fault(epoch < this.leaderEpoch ? 'FENCED_LEADER_EPOCH' : 'UNKNOWN_LEADER_EPOCH');
  }

  /** Appends a client's batch; the original's offset for a duplicate. @throws MoldauError as the real broker */
  append(bytes: Uint8Array): number {
    validateBatch(bytes, 0, { origin: 'client', maxBytes: this.maxMessageBytes });
    const duplicate = this.#checkSequence(bytes);
    if (duplicate !== undefined) return duplicate;
    const baseOffset = this.end;
    const stored = Buffer.from(bytes);
    stampPosition(stored, 0, offset(baseOffset), this.leaderEpoch);
    this.batches.push(stored);
    this.end = baseOffset + countAt(stored, 0);
    this.#remember(stored, baseOffset);
    this.notify();
    return baseOffset;
  }

  /** Ends a producer's transaction; batches of epochs below are refused from now on. */
  appendMarker(bytes: Buffer, producerId: number, epoch: number): void {
    this.appendRaw(bytes);
    this.#producers.set(producerId, { epoch, nextSequence: 0, recent: [] });
  }

  /** Values of all that a reader of committed records sees once nothing is open, in the order of their offsets. */
  committedValues(): string[] {
    return this.batches.flatMap((batch, index) => {
      if (isControlAt(batch, 0)) return [];
      const committed = !isTransactionalAt(batch, 0) || this.#outcomeAfter(index, producerIdAt(batch, 0)) === 'commit';
      return committed ? [...readBatch(batch)].map(({ value }) => value?.toString() ?? '') : [];
    });
  }

  /** Appends a batch as it is, for batches that no client may send. */
  appendRaw(bytes: Buffer): void {
    stampPosition(bytes, 0, offset(this.end), this.leaderEpoch);
    this.batches.push(bytes);
    this.end = lastOffsetAt(bytes, 0) + 1;
    this.notify();
  }

  /** Another broker is elected whose log ends at `end`, where a batch ends: records are lost. */
  electUncleanly(brokerId: number, end: number): void {
    while (this.end > end) {
      const last = this.batches.pop();
      this.end = last === undefined ? end : baseOffsetAt(last, 0);
    }
    this.moveTo(brokerId);
  }

  /** What the broker says to a reader whose last batch before `from` was of that epoch; undefined when that is in the log. */
  partedFrom(from: number, epoch: number | undefined): MoldauError | undefined {
    const before = this.batches.findLast((batch) => baseOffsetAt(batch, 0) < from);
    const found = before === undefined ? -1 : partitionLeaderEpochAt(before, 0);
    if (epoch === undefined || (found === epoch && from <= this.end)) return undefined;
    const common = this.batches.findLast((batch) => partitionLeaderEpochAt(batch, 0) <= epoch);
    const end = common === undefined ? this.logStart : lastOffsetAt(common, 0) + 1;
    const facts = {
      diverging_offset: String(Math.min(end, from)),
      diverging_epoch: String(common === undefined ? -1 : partitionLeaderEpochAt(common, 0)),
    };
    return new MoldauError('LOG_TRUNCATED', `the log is not what was read before offset ${from}`, facts);
  }

  /** The broker has lost what it knew of producers. */
  forgetProducers(): void {
    this.#producers.clear();
  }

  /** Whole batches from the one with `from` on, at least one, at most `maxBytes`. */
  read(from: number, maxBytes: number): Buffer[] {
    const found: Buffer[] = [];
    let bytes = 0;
    for (const batch of this.batches) {
      if (lastOffsetAt(batch, 0) < from) continue;
      if (found.length > 0 && bytes + batch.length > maxBytes) break;
      found.push(batch);
      bytes += batch.length;
    }
    return found;
  }

  offsetAtTime(timestampMs: number): { readonly offset: number; readonly timestampMs: number } | undefined {
    for (const batch of this.batches) {
      if (maxTimestampAt(batch, 0) < timestampMs) continue;
      for (const record of readBatch(batch)) {
        if (record.timestamp >= timestampMs) return { offset: record.offset, timestampMs: record.timestamp };
      }
    }
    return undefined;
  }

  /** All values, as text, in the order of their offsets. */
  values(): string[] {
    return this.batches.flatMap((batch) => [...readBatch(batch)].map(({ value }) => value?.toString() ?? ''));
  }

  #outcomeAfter(index: number, producerId: number): 'commit' | 'abort' | undefined {
    const marker = this.batches.find((batch, at) => at > index && isControlAt(batch, 0) && producerIdAt(batch, 0) === producerId);
    const [record] = marker === undefined ? [] : [...readBatch(marker)];
    return record === undefined ? undefined : transactionMarkerOf(record)?.outcome;
  }

  #checkSequence(bytes: Uint8Array): number | undefined {
    const producerId = producerIdAt(bytes, 0);
    if (producerId === NO_PRODUCER_ID) return undefined;
    const base = baseSequenceAt(bytes, 0);
    const state = this.#producers.get(producerId);
    const fault = (reason: ErrorName): MoldauError =>
      new MoldauError(reason, `${reason}: sequence ${base}, expected ${state?.nextSequence}`);
    if (state === undefined) {
      if (base !== 0) throw fault('UNKNOWN_PRODUCER');
      return undefined;
    }
    if (producerEpochAt(bytes, 0) < state.epoch) throw fault('FENCED_PRODUCER');
    if (producerEpochAt(bytes, 0) > state.epoch) {
      if (base !== 0) throw fault('OUT_OF_ORDER_SEQUENCE');
      return undefined;
    }
    const known = state.recent.find(({ baseSequence, count }) => baseSequence === base && count === countAt(bytes, 0));
    if (known !== undefined) return known.baseOffset;
    if (base === state.nextSequence) return undefined;
    throw fault(base < state.nextSequence ? 'DUPLICATE_SEQUENCE' : 'OUT_OF_ORDER_SEQUENCE');
  }

  #remember(bytes: Buffer, baseOffset: number): void {
    const producerId = producerIdAt(bytes, 0);
    if (producerId === NO_PRODUCER_ID) return;
    const baseSequence = baseSequenceAt(bytes, 0);
    const count = countAt(bytes, 0);
    const epoch = producerEpochAt(bytes, 0);
    const known = this.#producers.get(producerId);
    const state = known?.epoch === epoch ? known : { epoch, nextSequence: 0, recent: [] };
    state.nextSequence = advanceSequence(baseSequence, count);
    state.recent = [...state.recent, { baseSequence, count, baseOffset }].slice(-RECENT_MAX);
    this.#producers.set(producerId, state);
  }
}
