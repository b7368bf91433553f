import { assert, type MoldauError, type Offset, offset } from '@moldau/kernel';
import { backoffMs } from '../backoff.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { createDeferred, type Deferred } from '../deferred.ts';
import { delay } from '../delay.ts';
import type { FoundOffset, OffsetInquiry, OffsetPosition } from '../offset-types.ts';
import { findOffsets } from '../offsets.ts';
import type { AssignedPartition, PartitionPhase } from './assigned-partition.ts';
import { placedError } from './consumer-batch.ts';
import type { ConsumerSettings } from './consumer-settings.ts';

export interface LocatorHooks<K, V> {
  located(partition: AssignedPartition<K, V>, start: Offset): void;
  /** It could not be looked up; it is tried again. */
  failing(partition: AssignedPartition<K, V>, error: MoldauError): void;
  failed(partition: AssignedPartition<K, V>, error: MoldauError): void;
}

/** A partition whose position is looked up, as it was when that began. */
interface Search<K, V> {
  readonly partition: AssignedPartition<K, V>;
  readonly phase: PartitionPhase;
  readonly done: Deferred<void>;
}

/** Turns start positions into offsets, many partitions at a time, for as long as it takes. */
export class PositionLocator<K, V> {
  readonly #cluster: Cluster;
  readonly #settings: ConsumerSettings<K, V>;
  readonly #signal: AbortSignal;
  readonly #hooks: LocatorHooks<K, V>;
  #pending: Search<K, V>[] = [];
  #running = false;

  constructor(cluster: Cluster, settings: ConsumerSettings<K, V>, signal: AbortSignal, hooks: LocatorHooks<K, V>) {
    this.#cluster = cluster;
    this.#settings = settings;
    this.#signal = signal;
    this.#hooks = hooks;
  }

  /**
   * Looks up where the partition's phase `locating` wants to begin. Resolves when it is known, or when the partition has
   * been given another position meanwhile; rejects with the MoldauError that is the end of it.
   */
  locate(partition: AssignedPartition<K, V>): Promise<void> {
    const search: Search<K, V> = { partition, phase: partition.phase, done: createDeferred<void>() };
    this.#pending.push(search);
    if (!this.#running) void this.#run();
    return search.done.promise;
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    this.#running = true;
    // Partitions assigned in one turn are asked for together.
    await Promise.resolve();
    for (let attempt = 0; this.#pending.length > 0; attempt++) {
      const searches = this.#pending.splice(0);
      try {
        await this.#search(searches);
        if (this.#pending.length > 0)
          await delay(this.#cluster.ports.scheduler, backoffMs(this.#cluster.ports.random, attempt), this.#signal);
      } catch (caught) {
        for (const { done } of [...searches, ...this.#pending.splice(0)]) done.reject(caught);
        break;
      }
    }
    this.#running = false;
  }

  async #search(searches: readonly Search<K, V>[]): Promise<void> {
    const wanted = searches.filter(({ partition, phase }) => partition.phase === phase);
    const starts = wanted.map(({ partition, phase }) => startInquiry(partition, phase));
    const ends = wanted.map(({ partition, phase }) => this.#endInquiry(partition, phase));
    const inquiries = [...starts, ...ends].filter((inquiry) => inquiry !== undefined);
    const asked = [...wanted, ...wanted];
    const partitions = asked.filter((_, index) => [...starts, ...ends][index] !== undefined).map(({ partition }) => partition);
    const options = {
      isolation: this.#settings.isolation,
      timeoutMs: this.#cluster.settings.requestTimeoutMs,
      signal: this.#signal,
      failing: (index: number, error: MoldauError) => this.#hooks.failing(partitions[index]!, error),
    };
    const found = await findOffsets(this.#cluster, inquiries, options);
    const answerTo = (inquiry: OffsetInquiry | undefined): FoundOffset | undefined =>
      inquiry === undefined ? undefined : found[inquiries.indexOf(inquiry)];
    for (const search of searches) if (!wanted.includes(search)) search.done.resolve(undefined);
    wanted.forEach((search, index) => this.#settle(search, answerTo(starts[index]), answerTo(ends[index])));
  }

  /** The end is asked for where reading stops there, and where it begins there if no record is that new. */
  #endInquiry({ topic, partition, endOffset }: AssignedPartition<K, V>, phase: PartitionPhase): OffsetInquiry | undefined {
    const stops = this.#settings.stopAtEnd && endOffset === undefined;
    return stops || isByTime(phase) ? { topic, partition, position: 'latest' } : undefined;
  }

  #settle(search: Search<K, V>, start: FoundOffset | undefined, end: FoundOffset | undefined): void {
    const { partition, phase, done } = search;
    if (partition.phase !== phase || phase.t !== 'locating') {
      done.resolve(undefined);
      return;
    }
    const error = start?.error ?? end?.error;
    if (error?.retriable === true) {
      this.#pending.push(search);
      return;
    }
    if (error !== undefined) {
      const placed = placedError(error, partition, undefined);
      this.#hooks.failed(partition, placed);
      done.reject(placed);
      return;
    }
    if (this.#settings.stopAtEnd) partition.endOffset ??= end?.offset;
    const { from } = phase;
    const exact = typeof from === 'object' && 'offset' in from ? offset(from.offset) : (start?.offset ?? end?.offset);
    assert(exact !== undefined, 'a log has a beginning and an end', { topic: partition.topic, partition: partition.partition });
    // Reading up to the end from behind it would end without a word: the broker says what is wrong, as it does to any reader.
    if (partition.endOffset !== undefined && exact > partition.endOffset) partition.endOffset = offset(exact + 1);
    this.#hooks.located(partition, exact);
    done.resolve(undefined);
  }
}

function isByTime(phase: PartitionPhase): boolean {
  return phase.t === 'locating' && typeof phase.from === 'object' && 'timestampMs' in phase.from;
}

function startInquiry<K, V>({ topic, partition }: AssignedPartition<K, V>, phase: PartitionPhase): OffsetInquiry | undefined {
  if (phase.t !== 'locating') return undefined;
  const { from } = phase;
  if (typeof from === 'object' && 'offset' in from) return undefined;
  const position: OffsetPosition = from;
  return { topic, partition, position };
}
