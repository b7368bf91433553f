import { type BrokerId, type Clock, MoldauError, partitionIndex, type Scheduler, type TopicId } from '@moldau/kernel';
import type { FetchMetrics } from '../fetch/fetch-metrics.ts';
import type { ReadIsolation } from '../fetch/isolation.ts';
import type { SoughtPosition } from '../handlers/list-offsets.ts';
import type { ClusterState } from '../metadata/cluster-state.ts';
import type { PartitionLocator } from '../partition/partition-locator.ts';
import type { RequestContext } from '../request/request-context.ts';
import { isLeaderLost, LEADER_SEARCH_MS, pauseBeforeNextTry } from './led-elsewhere.ts';
import type { Peers } from './peers.ts';
import { LocalSource, type ReadSource, RemoteSource, type SourceRead } from './read-source.ts';

export interface LedSourceDeps {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly cluster: ClusterState;
  readonly locator: PartitionLocator;
  readonly peers: Peers;
  readonly metrics: FetchMetrics;
  readonly brokerId: BrokerId;
}

/** Who reads. */
export interface GatewayReader {
  readonly context: RequestContext;
  readonly isolation: ReadIsolation;
}

/** A partition where it is led, here or on another broker; when the leader moves, reading goes on at the next one. */
export class LedSource implements ReadSource {
  readonly partition: number;
  readonly #deps: LedSourceDeps;
  readonly #topicId: TopicId;
  readonly #reader: GatewayReader;
  #source: ReadSource | undefined;
  /** Of `#source`; undefined also when nobody leads: then this broker says so. */
  #leader: BrokerId | undefined;
  #moved: (() => void) | undefined;
  #unlisten: (() => void) | undefined;
  #closed = false;

  /** @throws MoldauError UNKNOWN_TOPIC, UNKNOWN_PARTITION, NOT_LEADER */
  constructor(deps: LedSourceDeps, topicId: TopicId, partition: number, reader: GatewayReader) {
    this.#deps = deps;
    this.#topicId = topicId;
    this.partition = partition;
    this.#reader = reader;
    this.#source = this.#open();
  }

  find(position: SoughtPosition): Promise<number | undefined> {
    return this.#ask((source) => source.find(position));
  }

  read(from: number, maxBytes: number, lastEpoch: number | undefined): Promise<SourceRead> {
    return this.#ask((source) => source.read(from, maxBytes, lastEpoch));
  }

  watch(moved: () => void): void {
    this.#moved = moved;
    this.#source?.watch(moved);
    this.#unlisten = this.#deps.cluster.listen(({ delta }) => {
      if (delta !== undefined && !delta.partitions.has(this.#topicId)) return;
      const leader = this.#leaderNow();
      if (leader === undefined || leader === this.#leader) return;
      this.#drop();
      moved();
    });
  }

  close(): void {
    this.#closed = true;
    this.#unlisten?.();
    this.#drop();
  }

  /** Asks the leader, and whoever is the leader next, for a while. */
  async #ask<Answer>(question: (source: ReadSource) => Promise<Answer>): Promise<Answer> {
    const { clock, scheduler } = this.#deps;
    const endMs = clock.monotonicMs() + LEADER_SEARCH_MS;
    for (;;) {
      let asked: ReadSource | undefined;
      try {
        this.#source ??= this.#open();
        asked = this.#source;
        return await question(asked);
      } catch (caught) {
        const error = MoldauError.from(caught);
        if (this.#closed || !isLeaderLost(error) || clock.monotonicMs() >= endMs) throw error;
        if (this.#source === asked) this.#drop();
      }
      await pauseBeforeNextTry(scheduler);
    }
  }

  #leaderNow(): BrokerId | undefined {
    const topic = this.#deps.cluster.image.topics.get(this.#topicId);
    return this.partition >= 0 && this.partition < (topic?.readyPartitions ?? 0)
      ? topic?.partitions.get(this.partition)?.leader
      : undefined;
  }

  #open(): ReadSource {
    const { locator, peers, brokerId, metrics } = this.#deps;
    const leader = this.#leaderNow();
    this.#leader = leader;
    const { context, isolation } = this.#reader;
    const source =
      leader === undefined || leader === brokerId
        ? new LocalSource(locator.locate(this.#topicId, this.partition, context), isolation, metrics)
        : new RemoteSource({ peers, locator, broker: leader, context, isolation }, this.#topicId, partitionIndex(this.partition));
    if (this.#moved !== undefined) source.watch(this.#moved);
    return source;
  }

  #drop(): void {
    this.#source?.close();
    this.#source = undefined;
  }
}
