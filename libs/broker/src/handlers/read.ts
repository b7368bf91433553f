import { type BrokerId, type Clock, type Compute, MoldauError, type Scheduler } from '@moldau/kernel';
import { gatewayService, type ReadRecord, type ReadRequest, type ReadResponse, type ServerCall } from '@moldau/protocol';
import type { FetchMetrics } from '../fetch/fetch-metrics.ts';
import { readIsolation } from '../fetch/isolation.ts';
import { LedSource } from '../gateway/led-source.ts';
import type { Peers } from '../gateway/peers.ts';
import { namedTopic } from '../gateway/publish.ts';
import { ReadPosition, type RecordCollector } from '../gateway/read-position.ts';
import type { ReadSource } from '../gateway/read-source.ts';
import type { Deadline, DeadlineWheel } from '../limits/deadline-wheel.ts';
import type { Slots } from '../limits/slots.ts';
import type { TurnShare } from '../limits/turn-share.ts';
import type { ClusterState } from '../metadata/cluster-state.ts';
import type { PartitionLocator } from '../partition/partition-locator.ts';
import { assertCount, invalidField } from '../produce/produce-terms.ts';
import { type RegisteredMethod, type ServerStreamingEvents, serverStreaming } from '../request/registered-method.ts';
import type { RequestContext } from '../request/request-context.ts';
import type { LongStream, StreamRegistry } from '../request/stream-registry.ts';
import type { SoughtPosition } from './list-offsets.ts';

/** Records of a message are collected up to this; one record may take it further, a message stays below 3 MiB. */
const MESSAGE_BYTES_TARGET = 256 * 1024;
const MESSAGE_BYTES_MAX = 3 * 1024 * 1024;
const HEARTBEAT_MS = 10_000;
const PARTITIONS_MAX = 10_000;

export interface ReadDeps {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly wheel: DeadlineWheel;
  readonly compute: Compute;
  readonly cluster: ClusterState;
  readonly locator: PartitionLocator;
  readonly share: TurnShare;
  readonly metrics: FetchMetrics;
  readonly streams: StreamRegistry;
  /** Messages that are decoded at once, of all readers. */
  readonly decoding: Slots;
  readonly peers: Peers;
  readonly brokerId: BrokerId;
}

/**
 * `GatewayService.Read`: decoded records from a position, one message in the making at a time and none while the caller
 * does not read.
 */
export function readMethod(deps: ReadDeps): RegisteredMethod {
  return serverStreaming(gatewayService.read, (request, call, context) => new Read(deps, request, call, context));
}

class Read implements ServerStreamingEvents<ReadRequest>, LongStream {
  readonly #deps: ReadDeps;
  readonly #request: ReadRequest;
  readonly #call: ServerCall<ReadResponse>;
  readonly #context: RequestContext;
  readonly #sources: readonly ReadSource[];
  /** In the order in which they are read; the one just read goes last. */
  #positions: ReadPosition[] = [];
  #recordsLeft: number;
  #blocked = false;
  #closed = false;
  #wakeUp: (() => void) | undefined;
  #silence: Deadline | undefined;

  /** @throws MoldauError INVALID_REQUEST, INVALID_TOPIC_NAME, UNKNOWN_TOPIC, UNKNOWN_PARTITION, NOT_LEADER */
  constructor(deps: ReadDeps, request: ReadRequest, call: ServerCall<ReadResponse>, context: RequestContext) {
    this.#deps = deps;
    this.#request = request;
    this.#call = call;
    this.#context = context;
    if (request.maxRecords !== undefined && request.maxRecords < 1) throw invalidField('max_records', request.maxRecords, '≥ 1');
    this.#recordsLeft = request.maxRecords ?? Number.POSITIVE_INFINITY;
    assertCount('partitions', request.partitions.length, PARTITIONS_MAX);
    const topic = namedTopic(deps.cluster, context, request.topic);
    const all = Array.from({ length: topic.readyPartitions }, (_, index) => index);
    const indexes = request.partitions.length === 0 ? all : [...new Set(request.partitions)];
    if (request.from?.$case === 'offset' && indexes.length !== 1)
      throw invalidField('from.offset', `${indexes.length} partitions`, 'exactly one');
    const reader = { context, isolation: readIsolation(request.isolation) };
    this.#sources = indexes.map((index) => new LedSource(deps, topic.topicId, index, reader));
    deps.streams.add(this);
    void this.#run();
  }

  drained(): void {
    this.#blocked = false;
    this.#wakeUp?.();
  }

  closed(): void {
    this.#closed = true;
    this.#silence?.cancel();
    for (const source of this.#sources) source.close();
    this.#deps.streams.remove(this);
    this.#wakeUp?.();
  }

  goAway(message: string): void {
    if (this.#closed) return;
    this.#call.send({ records: [], goAway: { message, address: undefined } });
    this.#call.close();
  }

  abandon(): void {
    if (!this.#closed) this.#call.close(new MoldauError('SHUTTING_DOWN', 'the broker is stopping', {}));
  }

  async #run(): Promise<void> {
    try {
      this.#positions = await Promise.all(this.#sources.map((source) => this.#begin(source)));
      if (this.#closed) return;
      for (const position of this.#positions) position.source.watch(() => this.#moved(position));
      this.#watchSilence();
      while (!this.#closed) {
        if (this.#blocked) {
          await this.#wait();
          continue;
        }
        if (!this.#deps.share.left) await new Promise<void>((resolve) => this.#deps.share.whenNextTurn(resolve));
        const records = await this.#deps.decoding.run(() => this.#collect());
        if (this.#closed) return;
        if (records.length > 0) this.#send(records);
        if (this.#isDone()) {
          this.#call.close();
          return;
        }
        if (records.length === 0 && !this.#positions.some((position) => position.ready)) await this.#wait();
      }
    } catch (caught) {
      if (!this.#closed) this.#call.close(this.#deps.locator.withLeaderAddress(MoldauError.from(caught), this.#context));
    }
  }

  #moved(position: ReadPosition): void {
    position.ready = true;
    this.#wakeUp?.();
  }

  async #begin(source: ReadSource): Promise<ReadPosition> {
    const { from, stopAtEnd } = this.#request;
    const end = await source.find({ $case: 'latest', value: {} });
    const stopAt = stopAtEnd ? end : undefined;
    if (from?.$case === 'offset') return new ReadPosition(source, from.value, stopAt);
    // No record is that new yet: with the next one that comes.
    return new ReadPosition(source, (await source.find(this.#sought(from))) ?? end ?? 0, stopAt);
  }

  #sought(from: ReadRequest['from']): SoughtPosition {
    switch (from?.$case) {
      case 'earliest':
        return { $case: 'earliest', value: {} };
      case 'timestampMs':
        return { $case: 'timestampMs', value: from.value };
      case 'lastMs':
        if (from.value < 0) throw invalidField('from.last_ms', from.value, '≥ 0');
        return { $case: 'timestampMs', value: Math.max(0, this.#deps.clock.wallMs() - from.value) };
      case 'offset':
      case 'latest':
      case undefined:
        return { $case: 'latest', value: {} };
    }
  }

  /** Records for one message, from the partitions in turn. */
  async #collect(): Promise<ReadRecord[]> {
    const records: ReadRecord[] = [];
    let sizeBytes = 0;
    const collector: RecordCollector = {
      add: (record, recordBytes) => {
        const full = sizeBytes >= MESSAGE_BYTES_TARGET || records.length >= this.#recordsLeft;
        if (full || (records.length > 0 && sizeBytes + recordBytes > MESSAGE_BYTES_MAX)) return false;
        records.push(record);
        sizeBytes += recordBytes;
        return true;
      },
    };
    for (let turns = this.#positions.length; turns > 0 && !this.#closed; turns -= 1) {
      const position = this.#positions[0];
      if (position === undefined || sizeBytes >= MESSAGE_BYTES_TARGET || records.length >= this.#recordsLeft) break;
      this.#positions.push(this.#positions.shift()!);
      if (position.ready && !position.isDone) await position.collect(collector, this.#deps.compute);
    }
    this.#deps.share.spend(sizeBytes);
    this.#deps.metrics.sent(sizeBytes);
    return records;
  }

  #isDone(): boolean {
    return this.#recordsLeft <= 0 || (this.#request.stopAtEnd && this.#positions.every((position) => position.isDone));
  }

  #send(records: ReadRecord[]): void {
    this.#recordsLeft -= records.length;
    if (!this.#call.send({ records, goAway: undefined })) this.#blocked = true;
    this.#watchSilence();
  }

  #wait(): Promise<void> {
    return new Promise((resolve) => {
      this.#wakeUp = () => {
        this.#wakeUp = undefined;
        this.#deps.scheduler.nextTurn(resolve);
      };
    });
  }

  #watchSilence(): void {
    this.#silence?.cancel();
    this.#silence = this.#deps.wheel.after(HEARTBEAT_MS, () => {
      if (this.#closed) return;
      if (!this.#blocked && !this.#call.send({ records: [], goAway: undefined })) this.#blocked = true;
      this.#watchSilence();
    });
  }
}
