import { MoldauError, type Timer } from '@moldau/kernel';
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
import type { Cluster } from '../cluster/cluster.ts';
import type { PartitionQueue } from './partition-queue.ts';
import type { ProducerBatch } from './producer-batch.ts';
import type { ProducerAcks } from './producer-types.ts';

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
  | { readonly t: 'opening'; readonly call: Call; readonly sinceMs: number }
  | { readonly t: 'open'; readonly call: Call; readonly maxUnansweredBytes: number; blocked: boolean }
  | { readonly t: 'leaving'; readonly call: Call }
  | { readonly t: 'pausing'; readonly timer: Timer };

type Call = ClientCall<ProduceStreamRequest>;

interface Unanswered {
  readonly queue: PartitionQueue;
  readonly batch: ProducerBatch;
  readonly bytes: number;
  readonly sentAtMs: number;
}

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
  readonly #unanswered = new Map<number, Unanswered>();
  #state: State = { t: 'closed' };
  #unansweredBytes = 0;
  #failures = 0;
  #watchdog: Timer | undefined;
  /** Why we cancelled the stream. */
  #cancelCause: MoldauError | undefined;

  constructor(brokerId: number, cluster: Cluster, options: BrokerSenderOptions, hooks: BrokerSenderHooks) {
    this.brokerId = brokerId;
    this.#cluster = cluster;
    this.#options = options;
    this.#hooks = hooks;
  }

  get unansweredCount(): number {
    return this.#unanswered.size;
  }

  /** Nothing is under way or about to be. */
  get isIdle(): boolean {
    return this.#unanswered.size === 0 && this.#waiting.size === 0;
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

  /** Gives up the stream; what is unanswered is the queues' to settle. */
  close(): void {
    const state = this.#state;
    this.#state = { t: 'closed' };
    this.#watchdog?.cancel();
    this.#watchdog = undefined;
    this.#waiting.clear();
    this.#unanswered.clear();
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
      this.#pause();
      return;
    }
    this.#state = { t: 'opening', call, sinceMs: this.#nowMs() };
    const value = { acks: WIRE_ACKS[this.#options.acks], timeoutMs: this.#options.requestTimeoutMs };
    call.send({ frame: { $case: 'configuration', value } });
    this.#watch();
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
        if (this.#state.t !== 'opening') return;
        this.#state = { t: 'open', call, maxUnansweredBytes: frame.value.maxUnansweredBytes, blocked: false };
        this.pump();
        return;
      case 'results':
        for (const result of frame.value.results) this.#result(result);
        if (this.#unanswered.size === 0) this.#hooks.idle(this.brokerId);
        this.#hooks.wake(this);
        return;
      case 'goAway':
        this.#state = { t: 'leaving', call };
        this.#cluster.metadata.requestRefresh();
        call.end();
        return;
    }
  }

  #result(result: ProduceBatchResult): void {
    const unanswered = this.#unanswered.get(result.batchId);
    const error = result.error === undefined ? undefined : itemToError(result.error);
    if (unanswered === undefined) {
      if (error !== undefined && this.#options.acks === 'none') this.#hooks.refusedUnasked(error);
      return;
    }
    this.#unanswered.delete(result.batchId);
    this.#unansweredBytes -= unanswered.bytes;
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
    this.#watchdog?.cancel();
    this.#watchdog = undefined;
    this.#cluster.metadata.requestRefresh();
    this.#pause();
    if (cause !== undefined && isRefusal(cause) && !opened) {
      const refused = [...this.#waiting];
      this.#waiting.clear();
      for (const queue of refused) queue.failUnsent(cause);
    }
    const lost = [...this.#unanswered.values()];
    this.#unanswered.clear();
    this.#unansweredBytes = 0;
    const broken = brokenError(this.brokerId, cause);
    for (const { queue, batch } of lost) queue.fail(batch, broken);
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
      const batch = queue.next();
      if (batch === undefined) continue;
      const bytes = batch.wireBytes;
      const fits = messageBytes + bytes + FRAME_BYTES_MAX <= MESSAGE_BYTES_MAX && batches.length < MESSAGE_BATCHES_MAX;
      const allowed = this.#unansweredBytes === 0 || this.#unansweredBytes + bytes <= maxUnansweredBytes;
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
    const recordBatch = queue.take(batch);
    if (this.#options.acks !== 'none') {
      this.#unanswered.set(batch.id, { queue, batch, bytes: recordBatch.length, sentAtMs: this.#nowMs() });
      this.#unansweredBytes += recordBatch.length;
    }
    return { queue, batch, wire: { batchId: batch.id, topicId, partition, leaderEpoch, recordBatch } };
  }

  #sent(batches: readonly Collected[]): void {
    for (const { queue, batch, wire } of batches) {
      this.#hooks.sent(batch, wire.recordBatch.length);
      if (this.#options.acks === 'none') queue.acknowledge(batch, undefined, undefined);
    }
    if (this.#options.acks !== 'none') this.#watch();
  }

  /** Cancels a stream that has been silent for longer than any answer may take. */
  #watch(): void {
    const state = this.#state;
    if (this.#watchdog !== undefined || !('call' in state)) return;
    const { scheduler } = this.#cluster.ports;
    const sinceMs = this.#oldestMs(state);
    if (sinceMs === undefined) return;
    const deadlineMs = sinceMs + this.#options.requestTimeoutMs + SILENCE_SLACK_MS;
    this.#watchdog = scheduler.after(
      Math.max(0, deadlineMs - this.#nowMs()),
      () => {
        this.#watchdog = undefined;
        const now = this.#state;
        const oldestMs = 'call' in now ? this.#oldestMs(now) : undefined;
        if (!('call' in now) || oldestMs === undefined) return;
        if (oldestMs + this.#options.requestTimeoutMs + SILENCE_SLACK_MS > this.#nowMs()) {
          this.#watch();
          return;
        }
        const waitedMs = Math.round(this.#nowMs() - oldestMs);
        const facts = { broker_id: String(this.brokerId), waited_ms: String(waitedMs) };
        this.#cancelCause = new MoldauError('REQUEST_TIMED_OUT', `broker ${this.brokerId} has not answered for ${waitedMs} ms`, facts);
        now.call.cancel();
      },
      { background: true },
    );
  }

  #oldestMs(state: State): number | undefined {
    if (state.t === 'opening') return state.sinceMs;
    for (const { sentAtMs } of this.#unanswered.values()) return sentAtMs;
    return undefined;
  }

  #nowMs(): number {
    return this.#cluster.ports.clock.monotonicMs();
  }
}

interface Collected {
  readonly queue: PartitionQueue;
  readonly batch: ProducerBatch;
  readonly wire: ProduceBatch;
}

/** Errors of a stream that another try would meet again. */
function isRefusal(error: MoldauError): boolean {
  switch (error.reason) {
    case 'UNAUTHENTICATED':
    case 'PERMISSION_DENIED':
    case 'UNKNOWN_METHOD':
    case 'INVALID_REQUEST':
    case 'INVALID_NAMESPACE':
      return true;
    default:
      return false;
  }
}

/** A batch's answer will not come: it may have been written. */
function brokenError(brokerId: number, cause: MoldauError | undefined): MoldauError {
  const why = cause === undefined ? 'the broker ended the stream' : cause.message;
  const options = cause === undefined ? {} : { cause };
  const message = `the stream to broker ${brokerId} broke before the answer: ${why}`;
  return new MoldauError('CONNECTION_FAILED', message, { broker_id: String(brokerId) }, options);
}
