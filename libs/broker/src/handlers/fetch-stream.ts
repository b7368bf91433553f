import { assert, type Clock, MoldauError, type Scheduler } from '@moldau/kernel';
import {
  composeStreamRecords,
  type FetchStreamConfiguration,
  type FetchStreamPartition,
  type FetchStreamPosition,
  type FetchStreamRequest,
  type FetchStreamResponse,
  fetchService,
  type ServerCall,
  type ServerStreamEvents,
  type WithBatches,
} from '@moldau/protocol';
import type { FetchMetrics } from '../fetch/fetch-metrics.ts';
import { clientStalled, fetchStreamTerms } from '../fetch/fetch-stream-terms.ts';
import type { ReadIsolation } from '../fetch/isolation.ts';
import { failedPosition, type PositionRead, StreamPosition } from '../fetch/stream-position.ts';
import { StreamSilence } from '../fetch/stream-silence.ts';
import type { ByteBudget } from '../limits/byte-budget.ts';
import type { DeadlineWheel } from '../limits/deadline-wheel.ts';
import type { TurnShare } from '../limits/turn-share.ts';
import type { Partition, PartitionWatcher } from '../partition/partition.ts';
import type { PartitionLocator } from '../partition/partition-locator.ts';
import { assertCount, invalidField } from '../produce/produce-terms.ts';
import { bidirectional, type RegisteredMethod } from '../request/registered-method.ts';
import type { RequestContext } from '../request/request-context.ts';
import type { LongStream, StreamRegistry } from '../request/stream-registry.ts';

const CREDIT_BYTES_MAX = Number.MAX_SAFE_INTEGER;
const POSITIONS_MAX = 10_000;

export interface FetchStreamDeps {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly wheel: DeadlineWheel;
  readonly locator: PartitionLocator;
  readonly budget: ByteBudget;
  readonly share: TurnShare;
  readonly metrics: FetchMetrics;
  readonly streams: StreamRegistry;
}

/**
 * `FetchService.FetchStream`: pushes batches of the assigned positions in turn, each getting at most one read per round,
 * within the client's credit. One message is in the making at a time and none while the client does not drain, so a
 * client that stops reading costs one message of memory.
 */
export function fetchStreamMethod(deps: FetchStreamDeps): RegisteredMethod {
  return bidirectional(fetchService.fetchStream, (call, context) => new FetchStream(deps, call, context));
}

/** configuring → serving → closed. */
type Phase = 'configuring' | 'serving' | 'closed';

class FetchStream implements ServerStreamEvents<FetchStreamRequest>, PartitionWatcher, LongStream {
  readonly #deps: FetchStreamDeps;
  readonly #call: ServerCall<FetchStreamResponse>;
  readonly #context: RequestContext;
  readonly #positions = new Map<number, StreamPosition>();
  readonly #byPartition = new Map<Partition, StreamPosition>();
  /** Positions that may have something to send, the longest waiting first. */
  readonly #ready = new Set<StreamPosition>();
  /** The one position whose read did not fit the credit or the message: it goes first. */
  #next: StreamPosition | undefined;
  #phase: Phase = 'configuring';
  #messageBytes = 0;
  #isolation: ReadIsolation = 'read_uncommitted';
  #creditBytes = 0;
  /** The client has not taken what was sent. */
  #blocked = false;
  #busy = false;
  #armed = false;
  /** Budget held for the message in the making or on its way. */
  #heldBytes = 0;
  readonly #silence: StreamSilence;
  /** One function, so that the budget calls back once however often it was asked. */
  readonly #retry = (): void => this.#arm();

  constructor(deps: FetchStreamDeps, call: ServerCall<FetchStreamResponse>, context: RequestContext) {
    this.#deps = deps;
    this.#call = call;
    this.#context = context;
    this.#silence = new StreamSilence(deps.wheel, {
      blocked: () => this.#blocked,
      heartbeat: () => {
        if (!call.send({ frame: { $case: 'heartbeat', value: {} } })) this.#blocked = true;
      },
      stalled: (limitMs) => call.close(clientStalled(limitMs)),
    });
    deps.streams.add(this);
  }

  message({ frame }: FetchStreamRequest): void {
    if (this.#phase === 'closed') return;
    if (frame === undefined) throw new MoldauError('INVALID_REQUEST', 'a message of the stream has no frame', { field: 'frame' });
    if ((frame.$case === 'configuration') !== (this.#phase === 'configuring')) {
      const facts = { field: 'frame', value: frame.$case };
      throw new MoldauError('INVALID_REQUEST', `a ${frame.$case} message came out of order: exactly the first configures`, facts);
    }
    switch (frame.$case) {
      case 'configuration':
        this.#configure(frame.value);
        return;
      case 'assign':
        assertCount('positions', frame.value.positions.length, POSITIONS_MAX);
        for (const position of frame.value.positions) this.#assign(position);
        // Each may have been answered with an error: a client that does not read those is not read either.
        if (this.#blocked) this.#call.pause();
        break;
      case 'unassign':
        assertCount('position_ids', frame.value.positionIds.length, POSITIONS_MAX);
        for (const positionId of frame.value.positionIds) this.#unassign(positionId);
        return;
      case 'credit':
        if (frame.value.bytes < 1) throw invalidField('credit.bytes', frame.value.bytes, '≥ 1');
        this.#creditBytes = Math.min(CREDIT_BYTES_MAX, this.#creditBytes + frame.value.bytes);
        break;
    }
    this.#arm();
  }

  drained(): void {
    this.#blocked = false;
    this.#silence.clientRead();
    this.#call.resume();
    this.#release();
    this.#arm();
  }

  ended(): void {
    this.#call.close();
  }

  closed(): void {
    this.#phase = 'closed';
    this.#silence.stop();
    for (const positionId of [...this.#positions.keys()]) this.#unassign(positionId);
    // A read under way still holds its budget; it gives it back when it ends.
    if (!this.#busy) this.#release();
    this.#deps.streams.remove(this);
  }

  goAway(message: string): void {
    if (this.#phase === 'closed') return;
    this.#call.send({ frame: { $case: 'goAway', value: { message, address: undefined } } });
    this.#call.close();
  }

  abandon(): void {
    if (this.#phase !== 'closed') this.#call.close(new MoldauError('SHUTTING_DOWN', 'the broker is stopping', {}));
  }

  partitionMoved(partition: Partition): void {
    const position = this.#byPartition.get(partition);
    if (position === undefined) return;
    this.#ready.add(position);
    this.#arm();
  }

  #configure(configuration: FetchStreamConfiguration): void {
    const terms = fetchStreamTerms(configuration, this.#deps.budget.limitBytes);
    this.#messageBytes = terms.messageBytes;
    this.#isolation = terms.isolation;
    this.#creditBytes = terms.creditBytes;
    this.#phase = 'serving';
    this.#silence.restart();
  }

  #assign(asked: FetchStreamPosition): void {
    this.#unassign(asked.positionId);
    assertCount('positions', this.#positions.size + 1, POSITIONS_MAX);
    try {
      const partition = this.#deps.locator.locate(asked.topicId, asked.partition, this.#context);
      const before = this.#byPartition.get(partition);
      // A new position of a partition that is read moves it.
      if (before !== undefined) this.#unassign(before.asked.positionId);
      const position = new StreamPosition(asked, partition, this.#isolation);
      this.#positions.set(asked.positionId, position);
      this.#byPartition.set(partition, position);
      this.#ready.add(position);
      partition.watch(this);
    } catch (caught) {
      this.#sendError(asked.positionId, MoldauError.from(caught));
    }
  }

  #unassign(positionId: number): void {
    const position = this.#positions.get(positionId);
    if (position === undefined) return;
    this.#positions.delete(positionId);
    this.#byPartition.delete(position.partition);
    this.#ready.delete(position);
    if (this.#next === position) this.#next = undefined;
    position.partition.unwatch(this);
    position.close();
  }

  /** All that moves in one turn is read in the next. */
  #arm(): void {
    if (this.#armed || this.#busy || this.#blocked || this.#phase !== 'serving') return;
    this.#armed = true;
    this.#deps.share.whenNextTurn(() => {
      this.#armed = false;
      void this.#work();
    });
  }

  async #work(): Promise<void> {
    if (this.#busy || this.#blocked || this.#phase !== 'serving' || !this.#hasWork()) return;
    const wantedBytes = Math.min(this.#messageBytes, this.#creditBytes);
    if (!this.#deps.budget.tryTake(wantedBytes)) {
      this.#deps.budget.whenFreed(this.#retry);
      return;
    }
    this.#heldBytes = wantedBytes;
    this.#busy = true;
    const reads = await this.#collect(wantedBytes);
    this.#busy = false;
    try {
      if (this.#isClosed() || reads.length === 0) this.#release();
      else this.#send(reads);
    } finally {
      for (const read of reads) read.release();
    }
    if (this.#hasWork()) this.#arm();
  }

  /** Whether there is something to read or to send that the credit allows. */
  #hasWork(): boolean {
    if (this.#next !== undefined) return this.#next.keptBytes <= this.#creditBytes;
    return this.#creditBytes > 0 && this.#ready.size > 0;
  }

  /** Asked anew after each await. */
  #isClosed(): boolean {
    return this.#phase === 'closed';
  }

  /** One read of each position that is ready, in turn, until the message or the credit is full. */
  async #collect(wantedBytes: number): Promise<PositionRead[]> {
    const message: PositionRead[] = [];
    const turns = this.#next === undefined ? [...this.#ready] : [this.#next, ...this.#ready];
    let leftBytes = wantedBytes;
    for (const position of turns) {
      if (leftBytes <= 0 || (this.#next !== undefined && this.#next !== position) || this.#isClosed()) break;
      const sentBytes = await this.#readOne(position, leftBytes, message);
      leftBytes -= sentBytes;
    }
    return message;
  }

  /** Bytes added to the message. */
  async #readOne(position: StreamPosition, leftBytes: number, message: PositionRead[]): Promise<number> {
    const { positionId } = position.asked;
    if (this.#positions.get(positionId) !== position) return 0;
    this.#ready.delete(position);
    try {
      const found = await position.read(leftBytes, this.#deps.metrics);
      // Unassigned, or moved, while the disk was read.
      if (this.#positions.get(positionId) !== position) return dropped(found);
      const fits = found.sizeBytes <= leftBytes || message.length === 0;
      if (!fits || found.sizeBytes > this.#creditBytes) {
        position.keep(found);
        this.#next = position;
        return 0;
      }
      if (this.#next === position) this.#next = undefined;
      if (position.advance(found)) this.#ready.add(position);
      if (found.sizeBytes === 0 && !position.isNews(found)) return dropped(found);
      position.told(found);
      message.push(found);
      this.#creditBytes -= found.sizeBytes;
      this.#deps.share.spend(found.sizeBytes);
      this.#deps.metrics.sent(found.sizeBytes);
      return found.sizeBytes;
    } catch (caught) {
      if (this.#positions.get(positionId) !== position) return 0;
      this.#unassign(positionId);
      this.#sendError(positionId, MoldauError.from(caught));
      return 0;
    }
  }

  #send(partitions: readonly WithBatches<FetchStreamPartition>[]): void {
    const writable = this.#call.sendComposed(composeStreamRecords(partitions));
    this.#silence.restart();
    if (!writable) this.#blocked = true;
    else if (!this.#busy) this.#release();
  }

  #sendError(positionId: number, error: MoldauError): void {
    this.#deps.metrics.failed(error.reason);
    this.#send([failedPosition(positionId, this.#deps.locator.toItem(error, this.#context))]);
  }

  #release(): void {
    assert(this.#heldBytes >= 0, 'a stream holds no negative budget', {});
    const heldBytes = this.#heldBytes;
    this.#heldBytes = 0;
    this.#deps.budget.give(heldBytes);
  }
}

/** What was read and is not sent: no bytes. */
function dropped(found: PositionRead): number {
  found.release();
  return 0;
}
