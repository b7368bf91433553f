import { MoldauError, type Scheduler } from '@moldau/kernel';
import {
  type AbortedTransaction,
  encodeFetchResponse,
  type FetchedPartition,
  type FetchPartition,
  type FetchRequest,
  fetchService,
  type WithBatches,
} from '@moldau/protocol';
import type { ReadResult } from '@moldau/storage';
import { type FetchBounds, fetchBounds, partitionBytes } from '../fetch/fetch-bounds.ts';
import type { FetchMetrics } from '../fetch/fetch-metrics.ts';
import { abortedOf, assertContinues, readVisible, sizeOf, visibleEndOf, visibleEnds } from '../fetch/visible-read.ts';
import type { ByteBudget } from '../limits/byte-budget.ts';
import type { Deadline, DeadlineWheel } from '../limits/deadline-wheel.ts';
import type { TurnShare } from '../limits/turn-share.ts';
import type { Partition, PartitionWatcher } from '../partition/partition.ts';
import type { PartitionLocator } from '../partition/partition-locator.ts';
import { assertCount } from '../produce/produce-terms.ts';
import { encodedUnary, type RegisteredMethod } from '../request/registered-method.ts';
import type { RequestContext } from '../request/request-context.ts';

const PARTITIONS_MAX = 10_000;

export interface FetchDeps {
  readonly locator: PartitionLocator;
  readonly scheduler: Scheduler;
  readonly wheel: DeadlineWheel;
  readonly budget: ByteBudget;
  readonly share: TurnShare;
  readonly metrics: FetchMetrics;
}

/**
 * `FetchService.Fetch`: reads the partitions in the request's order; where less than `min_bytes` is there it waits,
 * woken by the high watermarks of exactly its partitions, and reads on from where it was. An error answers at once.
 */
export function fetchMethod(deps: FetchDeps): RegisteredMethod {
  return encodedUnary(fetchService.fetch, (request, context) => new Fetch(deps, request, context).answer());
}

interface Entry {
  readonly asked: FetchPartition;
  readonly maxBytes: number;
  partition: Partition | undefined;
  nextOffset: number;
  readonly batches: Uint8Array[];
  /** Aborted transactions that touch `batches`; one may be there twice. */
  readonly aborted: AbortedTransaction[];
  /** Of `batches`, the first so many are copies. */
  copied: number;
  sizeBytes: number;
  error: MoldauError | undefined;
  /** May have something that has not been read. */
  ready: boolean;
}

class Fetch implements PartitionWatcher {
  readonly #deps: FetchDeps;
  readonly #context: RequestContext;
  readonly #bounds: FetchBounds;
  readonly #entries: Entry[];
  readonly #byPartition = new Map<Partition, Entry[]>();
  /** What the response's batches lie in until it is encoded. */
  readonly #reads: ReadResult[] = [];
  #sizeBytes = 0;
  #failed = false;
  #waitEnded = false;
  #deadline: Deadline | undefined;
  #wakeUp: (() => void) | undefined;

  /** @throws MoldauError INVALID_REQUEST */
  constructor(deps: FetchDeps, request: FetchRequest, context: RequestContext) {
    this.#deps = deps;
    this.#context = context;
    assertCount('partitions', request.partitions.length, PARTITIONS_MAX);
    this.#bounds = fetchBounds(request, deps.budget.limitBytes);
    this.#entries = request.partitions.map((asked) => newEntry(asked));
    for (const entry of this.#entries) this.#locate(entry);
  }

  async answer(): Promise<Uint8Array> {
    let takenBytes = 0;
    const abort = (): void => this.#endWait();
    this.#context.signal.addEventListener('abort', abort);
    try {
      for (;;) {
        if (!this.#deps.share.left) await new Promise<void>((resolve) => this.#deps.share.whenNextTurn(resolve));
        const wantedBytes = this.#bounds.maxBytes - this.#sizeBytes;
        if (wantedBytes > 0 && this.#entries.some((entry) => entry.ready)) {
          if (!this.#deps.budget.tryTake(wantedBytes)) {
            if (this.#sizeBytes > 0) return this.#encode();
            throw this.#deps.budget.exhausted(wantedBytes);
          }
          takenBytes += wantedBytes;
          await this.#readReady();
          // The last batch of a read may be larger than what was left; that much is over the budget for a moment.
          const spareBytes = Math.max(0, takenBytes - this.#sizeBytes);
          this.#deps.budget.give(spareBytes);
          takenBytes -= spareBytes;
        }
        if (this.#isDone()) return this.#encode();
        this.#watch();
        if (!this.#entries.some((entry) => entry.ready)) {
          this.#copyReads();
          await this.#wait();
        }
      }
    } finally {
      this.#context.signal.removeEventListener('abort', abort);
      this.#deadline?.cancel();
      this.#releaseReads();
      for (const partition of this.#byPartition.keys()) partition.unwatch(this);
      // The response is copied out of the log's buffers; it leaves with this turn.
      if (takenBytes > 0) this.#deps.scheduler.nextTurn(() => this.#deps.budget.give(takenBytes));
    }
  }

  partitionMoved(partition: Partition): void {
    for (const entry of this.#byPartition.get(partition) ?? []) entry.ready = true;
    this.#wakeUp?.();
  }

  #locate(entry: Entry): void {
    const { asked } = entry;
    try {
      const partition = this.#deps.locator.locate(asked.topicId, asked.partition, this.#context);
      entry.partition = partition;
      const entries = this.#byPartition.get(partition);
      if (entries === undefined) this.#byPartition.set(partition, [entry]);
      else entries.push(entry);
    } catch (caught) {
      this.#fail(entry, caught);
    }
  }

  async #readReady(): Promise<void> {
    for (const entry of this.#entries) {
      if (!entry.ready || entry.partition === undefined) continue;
      const room = Math.min(entry.maxBytes - entry.sizeBytes, this.#bounds.maxBytes - this.#sizeBytes);
      if (room <= 0) {
        if (this.#sizeBytes >= this.#bounds.maxBytes) return;
        entry.ready = false;
        continue;
      }
      entry.ready = false;
      try {
        const reading = this.#read(entry, entry.partition, room);
        const read = reading instanceof Promise ? await reading : reading;
        // A first batch larger than what is left would make the response larger than asked: it comes in the next one.
        const sizeBytes = sizeOf(read);
        if (sizeBytes > room && this.#sizeBytes > 0) {
          read.release();
          continue;
        }
        const telling = abortedOf(entry.partition, entry.nextOffset, read, this.#bounds.isolation);
        const aborted = telling instanceof Promise ? await telling : telling;
        this.#reads.push(read);
        for (const transaction of aborted) entry.aborted.push(transaction);
        for (const batch of read.batches) entry.batches.push(batch);
        entry.sizeBytes += sizeBytes;
        entry.nextOffset = read.nextOffset;
        this.#sizeBytes += sizeBytes;
        this.#deps.share.spend(sizeBytes);
      } catch (caught) {
        this.#fail(entry, caught);
      }
    }
  }

  /** @throws MoldauError what reading throws (or a promise that rejects with it) */
  #read(entry: Entry, partition: Partition, maxBytes: number): ReadResult | Promise<ReadResult> {
    const { fetchOffset, lastFetchedEpoch, leaderEpoch: claimedEpoch } = entry.asked;
    if (entry.sizeBytes === 0) assertContinues(partition, fetchOffset, lastFetchedEpoch, claimedEpoch);
    const place = { from: entry.nextOffset, maxBytes, claimedEpoch, isolation: this.#bounds.isolation };
    return readVisible(partition, place, this.#deps.metrics);
  }

  #fail(entry: Entry, caught: unknown): void {
    entry.error = MoldauError.from(caught);
    entry.ready = false;
    this.#failed = true;
    this.#deps.metrics.failed(entry.error.reason);
  }

  #isDone(): boolean {
    const { minBytes, maxBytes } = this.#bounds;
    return this.#failed || this.#waitEnded || this.#sizeBytes >= minBytes || this.#sizeBytes >= maxBytes || this.#bounds.maxWaitMs === 0;
  }

  /** From the first wait on; what moved before, while others were being read, is noticed here. */
  #watch(): void {
    if (this.#deadline !== undefined) return;
    this.#deadline = this.#deps.wheel.after(this.#bounds.maxWaitMs, () => this.#endWait());
    for (const partition of this.#byPartition.keys()) partition.watch(this);
    for (const entry of this.#entries) {
      const end = entry.partition === undefined ? undefined : visibleEndOf(entry.partition, this.#bounds.isolation);
      if ((end ?? 0) > entry.nextOffset && entry.sizeBytes < entry.maxBytes) entry.ready = true;
    }
  }

  /** Until a partition moves or the wait is over. */
  #wait(): Promise<void> {
    return new Promise((resolve) => {
      this.#wakeUp = () => {
        this.#wakeUp = undefined;
        // All that moves in this turn is read together.
        this.#deps.scheduler.nextTurn(resolve);
      };
    });
  }

  #endWait(): void {
    this.#waitEnded = true;
    this.#wakeUp?.();
  }

  #encode(): Uint8Array {
    const idle = this.#waitEnded || this.#bounds.maxWaitMs === 0 || this.#sizeBytes === 0;
    const partitions: WithBatches<FetchedPartition>[] = [];
    for (const entry of this.#entries) {
      if (entry.sizeBytes === 0 && entry.error === undefined && !idle) continue;
      partitions.push({ head: this.#head(entry), batches: entry.error === undefined ? entry.batches : [] });
    }
    this.#deps.metrics.sent(this.#sizeBytes);
    const response = encodeFetchResponse(partitions);
    this.#releaseReads();
    return response;
  }

  /** What is kept through a wait gets memory of its own: few bytes would hold much of the log's for long. */
  #copyReads(): void {
    if (this.#reads.length === 0) return;
    for (const entry of this.#entries) {
      for (let index = entry.copied; index < entry.batches.length; index++) {
        entry.batches[index] = new Uint8Array(entry.batches[index] ?? []);
      }
      entry.copied = entry.batches.length;
    }
    this.#releaseReads();
  }

  #releaseReads(): void {
    for (const read of this.#reads.splice(0)) read.release();
  }

  #head(entry: Entry): Omit<FetchedPartition, 'recordBatches'> {
    const { topicId, partition } = entry.asked;
    const none = { highWatermark: 0, lastStableOffset: 0, logStartOffset: 0 };
    if (entry.error === undefined && entry.partition !== undefined) {
      try {
        const ends = visibleEnds(entry.partition, entry.asked.leaderEpoch);
        return { topicId, partition, ...ends, abortedTransactions: entry.aborted, error: undefined };
      } catch (caught) {
        entry.error = MoldauError.from(caught);
      }
    }
    const error = entry.error === undefined ? undefined : this.#deps.locator.toItem(entry.error, this.#context);
    return { topicId, partition, ...none, abortedTransactions: [], error };
  }
}

function newEntry(asked: FetchPartition): Entry {
  return {
    asked,
    maxBytes: partitionBytes(asked),
    partition: undefined,
    nextOffset: asked.fetchOffset,
    batches: [],
    aborted: [],
    copied: 0,
    sizeBytes: 0,
    error: undefined,
    ready: true,
  };
}
