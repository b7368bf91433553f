import type { BrokerEpoch, BrokerId, DirectoryId } from '@moldau/kernel';
import type { BrokerHeartbeat, BrokerSessionResponse, ServerCall } from '@moldau/protocol';

/**
 * A registered broker's session with the controller.
 *
 * Moves: inherited → connected; connected → broken → connected; each → over (fenced, or superseded by another life).
 *
 * `inherited`: a new controller found the broker serving and has not heard of it. `broken`: its stream ended.
 */
export type SessionState =
  | { readonly tag: 'inherited' }
  | { readonly tag: 'connected'; readonly call: ServerCall<BrokerSessionResponse> }
  | { readonly tag: 'broken'; readonly sinceMs: number };

export interface BrokerSession {
  readonly brokerId: BrokerId;
  readonly brokerEpoch: BrokerEpoch;
  readonly directoryId: DirectoryId;
  readonly incarnationId: string;
  state: SessionState;
  /** Monotonic time of its last sign of life. */
  heardAtMs: number;
  lastHeartbeat: BrokerHeartbeat | undefined;
}

export interface ExpiryOptions {
  readonly nowMs: number;
  readonly sessionTimeoutMs: number;
  readonly reconnectGraceMs: number;
  /** Brokers fenced because of their streams that have not been silent for a whole session yet. */
  readonly fencedEarly: number;
}

/** Share of the brokers that may be fenced because their streams broke: more at once is rather our network than theirs. */
const BROKEN_SHARE_MAX = 1 / 3;

/**
 * Sessions that are over: silent for the whole timeout, or with a stream that broke and did not come back within the grace.
 * Where more than a third of the brokers (and more than one) have lost their streams within one session, only the whole timeout
 * counts.
 */
export function expiredSessions(sessions: readonly BrokerSession[], options: ExpiryOptions): BrokerSession[] {
  const { nowMs, sessionTimeoutMs, reconnectGraceMs, fencedEarly } = options;
  const broken = fencedEarly + sessions.filter((session) => session.state.tag === 'broken').length;
  const graceCounts = broken <= Math.max(1, Math.floor((fencedEarly + sessions.length) * BROKEN_SHARE_MAX));
  return sessions.filter(({ state, heardAtMs }) => {
    if (nowMs - heardAtMs >= sessionTimeoutMs) return true;
    return graceCounts && state.tag === 'broken' && nowMs - state.sinceMs >= reconnectGraceMs;
  });
}
