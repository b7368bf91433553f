import { type BrokerId, MoldauError, type PartitionIndex, type TopicId } from '@moldau/kernel';
import { type AbortedTransaction, type FetchedPartition, fetchService, itemToError } from '@moldau/protocol';
import type { FetchMetrics } from '../fetch/fetch-metrics.ts';
import { type ReadIsolation, wireIsolation } from '../fetch/isolation.ts';
import { abortedOf, assertContinues, readVisible, visibleEnd, visibleEnds } from '../fetch/visible-read.ts';
import { findOffset, type SoughtPosition } from '../handlers/list-offsets.ts';
import type { Partition, PartitionWatcher } from '../partition/partition.ts';
import type { PartitionLocator } from '../partition/partition-locator.ts';
import type { RequestContext } from '../request/request-context.ts';
import type { Peers } from './peers.ts';

/** Longest wait of one fetch from another broker, and how long its answer may take beyond that. */
const REMOTE_WAIT_MS = 20_000;
const REMOTE_TIMEOUT_MS = 10_000;

/** What a source has read: whole batches. */
export interface SourceRead {
  readonly batches: readonly Uint8Array[];
  readonly nextOffset: number;
  /** The end of what the reader may see. */
  readonly visibleEnd: number;
  /** Of these nothing counts; for readers of committed records, by first offset. */
  readonly aborted: readonly AbortedTransaction[];
}

/** One partition as a Gateway reader reads it, here or on another broker. Every call rejects with a MoldauError. */
export interface ReadSource {
  readonly partition: number;
  /** The offset of a position; undefined when no record is that new. */
  find(position: SoughtPosition): Promise<number | undefined>;
  /**
   * `lastEpoch`: leader epoch of what was read before `from`; undefined: not known.
   *
   * @throws MoldauError LOG_TRUNCATED when the log is not what was read, and those of reading
   */
  read(from: number, maxBytes: number, lastEpoch: number | undefined): Promise<SourceRead>;
  /** `moved` runs when there may be more than was read. */
  watch(moved: () => void): void;
  close(): void;
}

/** A partition that this broker leads. */
export class LocalSource implements ReadSource, PartitionWatcher {
  readonly #partition: Partition;
  readonly #metrics: FetchMetrics;
  readonly #isolation: ReadIsolation;
  #moved: (() => void) | undefined;

  constructor(partition: Partition, isolation: ReadIsolation, metrics: FetchMetrics) {
    this.#partition = partition;
    this.#isolation = isolation;
    this.#metrics = metrics;
  }

  get partition(): number {
    return this.#partition.index;
  }

  async find(position: SoughtPosition): Promise<number | undefined> {
    return (await findOffset(this.#partition, position, undefined, this.#isolation)).offset;
  }

  async read(from: number, maxBytes: number, lastEpoch: number | undefined): Promise<SourceRead> {
    assertContinues(this.#partition, from, lastEpoch, undefined);
    const isolation = this.#isolation;
    const read = await readVisible(this.#partition, { from, maxBytes, claimedEpoch: undefined, isolation }, this.#metrics);
    const aborted = await abortedOf(this.#partition, from, read, isolation);
    // Copies: records are views of them, and live until they are sent.
    const copies = read.batches.map((batch) => new Uint8Array(batch));
    read.release();
    const end = visibleEnd(visibleEnds(this.#partition, undefined), isolation);
    return { batches: copies, nextOffset: read.nextOffset, visibleEnd: end, aborted };
  }

  watch(moved: () => void): void {
    this.#moved = moved;
    this.#partition.watch(this);
  }

  partitionMoved(): void {
    this.#moved?.();
  }

  close(): void {
    this.#partition.unwatch(this);
  }
}

export interface RemoteSourceDeps {
  readonly peers: Peers;
  readonly locator: PartitionLocator;
  readonly broker: BrokerId;
  readonly context: RequestContext;
  readonly isolation: ReadIsolation;
}

interface RemotePlace {
  readonly from: number;
  readonly maxBytes: number;
  readonly lastEpoch: number | undefined;
}

/** A partition that another broker leads: fetched from it, and while there is nothing, by one waiting fetch. */
export class RemoteSource implements ReadSource {
  readonly partition: PartitionIndex;
  readonly #deps: RemoteSourceDeps;
  readonly #topicId: TopicId;
  #moved: (() => void) | undefined;
  /** Where the waiting fetch waits, and what it brought. */
  #waitingAt: number | undefined;
  #brought: { readonly from: number; readonly outcome: FetchedPartition | MoldauError } | undefined;
  #closed = false;

  constructor(deps: RemoteSourceDeps, topicId: TopicId, partition: PartitionIndex) {
    this.#deps = deps;
    this.#topicId = topicId;
    this.partition = partition;
  }

  async find(position: SoughtPosition): Promise<number | undefined> {
    const { peers, broker, context, isolation } = this.#deps;
    const query = { topicId: this.#topicId, partition: this.partition, leaderEpoch: undefined, position };
    const request = { isolation: wireIsolation(isolation), queries: [query] };
    const { results } = await peers.call(broker, fetchService.listOffsets, request, context, REMOTE_TIMEOUT_MS);
    const error = results[0]?.error;
    if (error !== undefined) throw itemToError(error);
    return results[0]?.offset;
  }

  async read(from: number, maxBytes: number, lastEpoch: number | undefined): Promise<SourceRead> {
    const place = { from, maxBytes, lastEpoch };
    const brought = this.#brought;
    this.#brought = undefined;
    const outcome = brought?.from === from ? brought.outcome : await this.#fetch(place, 0);
    if (outcome instanceof MoldauError) throw outcome;
    if (outcome.error !== undefined) throw itemToError(outcome.error);
    const { recordBatches } = outcome;
    if (recordBatches.length === 0) {
      this.#waitAt(place);
      return { batches: [], nextOffset: from, visibleEnd: from, aborted: [] };
    }
    // Its reader goes on by the batches themselves until a read finds nothing: that one begins to wait.
    return { batches: [recordBatches], nextOffset: from, visibleEnd: Number.MAX_SAFE_INTEGER, aborted: outcome.abortedTransactions };
  }

  watch(moved: () => void): void {
    this.#moved = moved;
  }

  close(): void {
    this.#closed = true;
  }

  #waitAt(place: RemotePlace): void {
    const { from } = place;
    if (this.#waitingAt !== undefined || this.#closed) return;
    this.#waitingAt = from;
    void this.#fetch(place, REMOTE_WAIT_MS)
      .catch((caught: unknown) => MoldauError.from(caught))
      .then((outcome) => {
        this.#waitingAt = undefined;
        if (this.#closed) return;
        this.#brought = { from, outcome };
        this.#moved?.();
      });
  }

  async #fetch({ from, maxBytes, lastEpoch }: RemotePlace, maxWaitMs: number): Promise<FetchedPartition> {
    const { peers, broker, context, isolation } = this.#deps;
    const { partition } = this;
    const place = { topicId: this.#topicId, partition, fetchOffset: from, leaderEpoch: undefined, lastFetchedEpoch: lastEpoch, maxBytes };
    const request = { maxWaitMs, minBytes: 1, maxBytes, isolation: wireIsolation(isolation), partitions: [place] };
    const response = await peers.call(broker, fetchService.fetch, request, context, maxWaitMs + REMOTE_TIMEOUT_MS);
    const fetched = response.partitions[0];
    if (fetched === undefined) throw new MoldauError('CONNECTION_FAILED', `broker ${broker} answered a fetch without its partition`, {});
    return fetched;
  }
}
