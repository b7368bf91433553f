import type { MoldauError, Timer } from '@moldau/kernel';
import {
  Acks,
  type ClientCall,
  encodeProduceAppend,
  itemToError,
  type ProduceBatch,
  type ProduceBatchResult,
  type ProduceStreamRequest,
  type ProduceStreamResponse,
  producerService,
} from '@moldau/protocol';
import { backoffMs } from '../backoff.ts';
import { type Cluster, unknownAddress } from '../cluster/cluster.ts';
import type { PartitionQueue } from './partition-queue.ts';
import type { ProducerBatch } from './producer-batch.ts';
import type { ProducerAcks } from './producer-types.ts';
import { brokenError, isRefusal, silentError } from './stream-failure.ts';
import { UnansweredBatches } from './unanswered-batches.ts';

/**
 * The stream of batches to one broker:
 *
 *   closed   no stream
 *   opening  configured; nothing is sent before the broker says that it is ready, so what was not is definitely unwritten
 *   open     batches go out while their unanswered bytes stay below the broker's limit
 *   leaving  the broker is about to stop: its last answers are awaited, nothing more is sent
 *   pausing  the stream broke; it is opened again after a while, if anything still waits for this broker
 *
 * Moves: closed → opening → open → leaving; opening | open | leaving → pausing (ended) → closed.
 */
type State =
  | { readonly t: 'closed' }
  | { readonly t: 'opening'; readonly call: Call }
  | { readonly t: 'open'; readonly call: Call; readonly maxUnansweredBytes: number; blocked: boolean }
  | { readonly t: 'leaving'; readonly call: Call }
  | { readonly t: 'pausing'; readonly timer: Timer };

type Call = ClientCall<ProduceStreamRequest>;

export interface BrokerSenderHooks {
  /** The queues wait here no longer; find their leaders anew. */
  release(queues: readonly PartitionQueue[]): void;
  /** `pump` it soon. */
  wake(sender: BrokerSender): void;
  /** Everything sent has been answered. */
  idle(brokerId: number): void;
  sent(batch: ProducerBatch, bytes: number): void;
  /** A batch sent with `acks: 'none'` was refused. */
  refusedUnasked(error: MoldauError): void;
}

export interface BrokerSenderOptions {
  readonly acks: ProducerAcks;
  readonly requestTimeoutMs: number;
  readonly transactionalId?: string | undefined;
}

/** The public protocol's limits on one message. */
const MESSAGE_BYTES_MAX = 4 * 1024 * 1024;
const MESSAGE_BATCHES_MAX = 10_000;
/** More than a batch's frame in a message takes: ids, epoch, lengths. */
const FRAME_BYTES_MAX = 128;
/** The broker answers a batch within the request timeout; when nothing comes for this much longer, the connection is dead. */
const SILENCE_SLACK_MS = 5_000;
const WIRE_ACKS = { all: Acks.ALL, leader: Acks.LEADER, none: Acks.NONE } as const;

/** Sends the batches of all partitions that one broker leads, coalesced into few messages. */
export class BrokerSender {
  readonly brokerId: number;
  readonly #cluster: Cluster;
  readonly #options: BrokerSenderOptions;
  readonly #hooks: BrokerSenderHooks;
  /** Queues with something to send, served round robin. */
  readonly #waiting = new Set<PartitionQueue>();
  readonly #unanswered: UnansweredBatches;
  #state: State = { t: 'closed' };
  #failures = 0;
  /** Why we cancelled the stream. */
  #cancelCause: MoldauError | undefined;

  constructor(brokerId: number, cluster: Cluster, options: BrokerSenderOptions, hooks: BrokerSenderHooks) {
    this.brokerId = brokerId;
    this.#cluster = cluster;
    this.#options = options;
    this.#hooks = hooks;
    const { clock, scheduler } = cluster.ports;
    this.#unanswered = new UnansweredBatches(clock, scheduler, options.requestTimeoutMs + SILENCE_SLACK_MS, (waitedMs) => {
      if (!('call' in this.#state)) return;
      this.#cancelCause = silentError(brokerId, waitedMs);
      this.#state.call.cancel();
    });
  }

  get unansweredCount(): number {
    return this.#unanswered.count;
  }

  /** Nothing is under way or about to be. */
  get isIdle(): boolean {
    return this.#unanswered.count === 0 && this.#waiting.size === 0;
  }

  /** The queue has something to send; `pump` follows. */
  offer(queue: PartitionQueue): void {
    this.#waiting.add(queue);
  }

  /** Sends as much as the broker takes now. */
  pump(): void {
    const state = this.#state;
    if (state.t === 'closed') {
      // What waited may have expired meanwhile.
      for (const queue of this.#waiting) if (queue.load === 0) this.#waiting.delete(queue);
      if (this.#waiting.size > 0) this.#open();
    }
    if (state.t !== 'open') return;
    while (!state.blocked && this.#state === state) {
      const batches = this.#collect(state.maxUnansweredBytes);
      if (batches.length === 0) return;
      state.blocked = !state.call.sendEncoded(encodeProduceAppend(batches.map(({ wire }) => wire)));
      this.#sent(batches);
    }
  }

  /** The metadata has changed: nothing waits for a broker that leads it no longer. */
  metadataChanged(): void {
    const moved = [...this.#waiting].filter((queue) => queue.leader()?.leaderId !== this.brokerId);
    for (const queue of moved) this.#waiting.delete(queue);
    if (moved.length > 0) this.#hooks.release(moved);
    this.#unanswered.leadersMoved(this.brokerId);
  }

  /** Gives up the stream; what is unanswered is the queues' to settle. */
  close(): void {
    const state = this.#state;
    this.#state = { t: 'closed' };
    this.#waiting.clear();
    this.#unanswered.drain();
    if (state.t === 'pausing') state.timer.cancel();
    else if (state.t !== 'closed') {
      state.call.end();
      state.call.cancel();
    }
  }

  #open(): void {
    const opened: { call?: Call | undefined } = {};
    const call = this.#cluster.openStream(this.brokerId, producerService.produceStream, {
      message: (message: ProduceStreamResponse) => this.#message(opened.call, message),
      drained: () => this.#drained(opened.call),
      closed: (error) => this.#closed(opened.call, error),
    });
    opened.call = call;
    if (call === undefined) {
      this.#failing(unknownAddress(this.brokerId));
      this.#pause();
      return;
    }
    this.#state = { t: 'opening', call };
    const value = { acks: WIRE_ACKS[this.#options.acks], timeoutMs: this.#options.requestTimeoutMs };
    call.send({ frame: { $case: 'configuration', value } });
    this.#unanswered.opening();
  }

  /** Whether events of this call still concern us. */
  #current(call: Call | undefined): boolean {
    const state = this.#state;
    return 'call' in state && state.call === call;
  }

  #message(call: Call | undefined, message: ProduceStreamResponse): void {
    const { frame } = message;
    if (!this.#current(call) || frame === undefined || call === undefined) return;
    switch (frame.$case) {
      case 'ready':
        this.#failures = 0;
        this.#unanswered.opened();
        this.#cluster.health.brokerAnswered(this.brokerId);
        if (this.#state.t !== 'opening') return;
        this.#state = { t: 'open', call, maxUnansweredBytes: frame.value.maxUnansweredBytes, blocked: false };
        this.pump();
        return;
      case 'results':
        for (const result of frame.value.results) this.#result(result);
        if (this.#unanswered.count === 0) this.#hooks.idle(this.brokerId);
        return this.#hooks.wake(this);
      case 'goAway':
        this.#state = { t: 'leaving', call };
        this.#cluster.metadata.requestRefresh();
        call.end();
        return;
    }
  }

  #result(result: ProduceBatchResult): void {
    const unanswered = this.#unanswered.take(result.batchId);
    const error = result.error === undefined ? undefined : itemToError(result.error);
    if (unanswered === undefined) {
      if (error !== undefined && this.#options.acks === 'none') this.#hooks.refusedUnasked(error);
      return;
    }
    const { queue, batch } = unanswered;
    if (error === undefined) queue.acknowledge(batch, result.baseOffset, result.logAppendTimeMs);
    else queue.fail(batch, error);
  }

  #drained(call: Call | undefined): void {
    const state = this.#state;
    if (state.t !== 'open' || state.call !== call) return;
    state.blocked = false;
    this.pump();
  }

  #closed(call: Call | undefined, error: MoldauError | undefined): void {
    if (!this.#current(call)) return;
    const cause = this.#cancelCause ?? error;
    this.#cancelCause = undefined;
    const opened = this.#state.t !== 'opening';
    const leaving = this.#state.t === 'leaving';
    const lost = this.#unanswered.drain();
    this.#cluster.metadata.requestRefresh();
    const broken = brokenError(this.brokerId, cause);
    // A broker that leaves has said so.
    if (leaving) this.#cluster.health.brokerAnswered(this.brokerId);
    else if (this.#waiting.size + lost.length > 0) this.#failing(cause ?? broken);
    this.#pause();
    if (cause !== undefined && isRefusal(cause) && !opened) {
      const refused = [...this.#waiting];
      this.#waiting.clear();
      for (const queue of refused) queue.failUnsent(cause);
    }
    for (const { queue, batch } of lost) queue.fail(batch, broken);
  }

  /** Nothing gets through to the broker: what waits for it may expire because of this. */
  #failing(error: MoldauError): void {
    this.#cluster.brokerFailed(this.brokerId, error);
    for (const queue of this.#waiting) queue.failing(error);
  }

  #pause(): void {
    const timer = this.#cluster.ports.scheduler.after(backoffMs(this.#cluster.ports.random, this.#failures), () => {
      this.#state = { t: 'closed' };
      const waiting = [...this.#waiting];
      this.#waiting.clear();
      this.#hooks.release(waiting);
    });
    this.#failures += 1;
    this.#state = { t: 'pausing', timer };
  }

  /** The next message's batches, one of each waiting queue in turn. */
  #collect(maxUnansweredBytes: number): Collected[] {
    const batches: Collected[] = [];
    let messageBytes = 0;
    // A queue that is added again while the loop runs comes last: round robin.
    for (const queue of this.#waiting) {
      this.#waiting.delete(queue);
      const leader = queue.leader();
      if (leader?.leaderId !== this.brokerId) {
        this.#hooks.release([queue]);
        continue;
      }
      const batch = queue.next(this.brokerId);
      if (batch === undefined) continue;
      const bytes = batch.wireBytes;
      const fits = messageBytes + bytes + FRAME_BYTES_MAX <= MESSAGE_BYTES_MAX && batches.length < MESSAGE_BATCHES_MAX;
      const allowed = this.#unanswered.bytes === 0 || this.#unanswered.bytes + bytes <= maxUnansweredBytes;
      if (!allowed || (!fits && batches.length > 0)) {
        this.#waiting.add(queue);
        break;
      }
      messageBytes += bytes + FRAME_BYTES_MAX;
      batches.push(this.#take(queue, batch, leader.leaderEpoch));
      this.#waiting.add(queue);
    }
    return batches;
  }

  #take(queue: PartitionQueue, batch: ProducerBatch, leaderEpoch: number): Collected {
    const { topicId, partition } = queue.options;
    const recordBatch = queue.take(batch, this.brokerId);
    const { acks, transactionalId } = this.#options;
    if (acks !== 'none') this.#unanswered.add(queue, batch, recordBatch.length);
    return { queue, batch, wire: { batchId: batch.id, topicId, partition, leaderEpoch, recordBatch, transactionalId } };
  }

  #sent(batches: readonly Collected[]): void {
    for (const { queue, batch, wire } of batches) {
      this.#hooks.sent(batch, wire.recordBatch.length);
      if (this.#options.acks === 'none') queue.acknowledge(batch, undefined, undefined);
    }
  }
}

interface Collected {
  readonly queue: PartitionQueue;
  readonly batch: ProducerBatch;
  readonly wire: ProduceBatch;
}
