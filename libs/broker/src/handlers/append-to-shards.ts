import { MoldauError, type Scheduler } from '@moldau/kernel';
import {
  type AppendToShardsRequest,
  AppendToShardsResponse,
  encodeMessage,
  errorToItem,
  partitionService,
  type ServerCall,
  type ServerStreamEvents,
  type ShardAppendAnswer,
  type ShardAppendCall,
} from '@moldau/protocol';
import { FrameQueue } from '@moldau/shards';
import { invalidField } from '../produce/produce-terms.ts';
import { bidirectional, type RegisteredMethod } from '../request/registered-method.ts';
import type { RequestContext } from '../request/request-context.ts';
import type { LongStream, StreamRegistry } from '../request/stream-registry.ts';
import { type AppendToShardDeps, appendToShard } from './append-to-shard.ts';

/** Unanswered appends of one coordinator: each of its shards has one under way, and some that it gave up. */
const UNANSWERED_MAX = 10_000;
/** A coordinator that does not take its answers is not read from above so many bytes of them. */
const UNTAKEN_BYTES_MAX = 1024 * 1024;

export interface AppendToShardsDeps extends AppendToShardDeps {
  readonly scheduler: Scheduler;
  readonly streams: StreamRegistry;
}

/** `PartitionService.AppendToShards`: the appends of one coordinator; answers of one turn of the event loop leave in one message. */
export function appendToShardsMethod(deps: AppendToShardsDeps): RegisteredMethod {
  return bidirectional(partitionService.appendToShards, (call, context) => new ShardAppends(deps, call, context));
}

/** serving → leaving (answers what it owes) → closed; serving → closed. */
type Phase = 'serving' | 'leaving' | 'closed';

class ShardAppends implements ServerStreamEvents<AppendToShardsRequest>, LongStream {
  readonly #deps: AppendToShardsDeps;
  readonly #call: ServerCall<AppendToShardsResponse>;
  readonly #context: RequestContext;
  readonly #frames: FrameQueue;
  #phase: Phase = 'serving';
  #unanswered = 0;
  #paused = false;

  constructor(deps: AppendToShardsDeps, call: ServerCall<AppendToShardsResponse>, context: RequestContext) {
    this.#deps = deps;
    this.#call = call;
    this.#context = context;
    this.#frames = new FrameQueue(deps.scheduler, (message) => this.#write(message));
    deps.streams.add(this);
  }

  /** @throws MoldauError SHARD_OVERLOADED */
  message({ appends }: AppendToShardsRequest): void {
    if (this.#phase !== 'serving') return;
    if (this.#unanswered + appends.length > UNANSWERED_MAX) {
      const facts = { value: String(this.#unanswered + appends.length), limit: String(UNANSWERED_MAX) };
      throw new MoldauError('SHARD_OVERLOADED', `${facts.value} appends of one stream are unanswered`, facts);
    }
    for (const append of appends) void this.#append(append);
  }

  drained(): void {
    this.#frames.drained();
    if (!this.#paused || this.#frames.bytes >= UNTAKEN_BYTES_MAX) return;
    this.#paused = false;
    this.#call.resume();
  }

  ended(): void {
    this.#leave();
  }

  closed(): void {
    this.#phase = 'closed';
    this.#frames.clear();
    this.#deps.streams.remove(this);
  }

  /** Who owns the shards hears from the metadata where to go. */
  goAway(): void {
    this.#leave();
  }

  abandon(): void {
    if (this.#phase !== 'closed') this.#call.close(new MoldauError('SHUTTING_DOWN', 'the broker is stopping', {}));
  }

  /** Never rejects, but for bugs. */
  async #append({ appendId, append, timeoutMs }: ShardAppendCall): Promise<void> {
    this.#unanswered += 1;
    let answer: ShardAppendAnswer;
    try {
      if (append === undefined) throw invalidField('appends.append', 'nothing', 'a request');
      if (timeoutMs <= 0) throw invalidField('appends.timeout_ms', timeoutMs, '> 0');
      const context = { ...this.#context, deadlineMs: this.#deps.clock.monotonicMs() + timeoutMs };
      answer = { appendId, appended: await appendToShard(this.#deps, append, context) };
    } catch (caught) {
      answer = { appendId, error: errorToItem(MoldauError.from(caught)) };
    }
    this.#unanswered -= 1;
    if (this.#phase === 'closed') return;
    this.#frames.push(encodeMessage(AppendToShardsResponse, { answers: [answer] }));
    if (this.#frames.bytes < UNTAKEN_BYTES_MAX || this.#paused) return;
    this.#paused = true;
    this.#call.pause();
  }

  #leave(): void {
    if (this.#phase === 'serving') this.#phase = 'leaving';
    this.#closeIfDone();
  }

  #write(message: Parameters<ServerCall<AppendToShardsResponse>['sendComposed']>[0]): boolean {
    const taken = this.#call.sendComposed(message);
    this.#closeIfDone();
    return taken;
  }

  /** After the last answer: `close` comes behind what was written. */
  #closeIfDone(): void {
    if (this.#phase === 'leaving' && this.#unanswered === 0 && this.#frames.bytes === 0) this.#call.close();
  }
}
