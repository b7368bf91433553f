import type { Clock } from '@moldau/kernel';
import type { ShardCallOptions } from '@moldau/shards';
import { UNARY_TIMEOUT_MS_DEFAULT } from '../request/interceptor.ts';
import type { RequestContext } from '../request/request-context.ts';
import { callOrigin } from './call-origin.ts';

/** A call to a shard for a client's call: in its name, and for as long as the client waits. */
export function shardCallOptions(clock: Clock, context: RequestContext): ShardCallOptions {
  const { deadlineMs } = context;
  const leftMs = deadlineMs === undefined ? UNARY_TIMEOUT_MS_DEFAULT : deadlineMs - clock.monotonicMs();
  return { origin: callOrigin(context), timeoutMs: Math.max(1, leftMs) };
}
