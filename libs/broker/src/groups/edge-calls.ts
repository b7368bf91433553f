import type { Clock } from '@moldau/kernel';
import type { ShardAnswerOf, ShardCallCase, ShardCallOf, ShardCalls } from '@moldau/shards';
import type { RequestContext } from '../request/request-context.ts';
import { callOrigin } from '../shards/call-origin.ts';

/** Given to calls without a deadline, in milliseconds. */
const CALL_TIMEOUT_MS = 30_000;

/** Calls to shards of groups in the name of a client. */
export class EdgeCalls {
  readonly shards: ShardCalls;
  readonly #clock: Clock;

  constructor(clock: Clock, shards: ShardCalls) {
    this.#clock = clock;
    this.shards = shards;
  }

  /** @throws MoldauError what the owner of the group's shard answers, and those of `ShardCalls` (by rejection) */
  call<Case extends ShardCallCase>(groupId: string, call: ShardCallOf<Case>, context: RequestContext): Promise<ShardAnswerOf<Case>> {
    return this.shards.callNamed(groupId, call, { origin: callOrigin(context), timeoutMs: this.leftMs(context) });
  }

  /** The same for a shard by its number. */
  callShard<Case extends ShardCallCase>(shard: number, call: ShardCallOf<Case>, context: RequestContext): Promise<ShardAnswerOf<Case>> {
    return this.shards.callShard(shard, call, { origin: callOrigin(context), timeoutMs: this.leftMs(context) });
  }

  /** What is left of the caller's time, in milliseconds. */
  leftMs({ deadlineMs }: RequestContext): number {
    return deadlineMs === undefined ? CALL_TIMEOUT_MS : Math.max(1, deadlineMs - this.#clock.monotonicMs());
  }
}
