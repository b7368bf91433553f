import { assert, type MoldauError, type Timer } from '@moldau/kernel';
import type { ClientCall, MembershipRequest } from '@moldau/protocol';

/** One stream of the membership. */
export interface MembershipStream {
  readonly brokerId: number;
  call: ClientCall<MembershipRequest> | undefined;
  /** Why this side has cancelled it. */
  cause: MoldauError | undefined;
}

/**
 * Where a member stands:
 *
 *   idle        has not begun
 *   connecting  has no stream: looks for a broker, or waits before the next try. It may hold partitions from before
 *   joining     has sent Join
 *   stable      is a member, and nothing is asked of it
 *   revoking    is a member that is giving up partitions
 *   removed     was removed because its program took too long; joins again when that asks for records
 *   leaving     has said Leave
 *   left        is no member any more, or never became one
 *   failed      can't be a member; `error` says why
 */
export type MembershipState =
  | { readonly tag: 'idle' }
  | { readonly tag: 'connecting'; retry: Timer | undefined }
  | { readonly tag: 'joining'; readonly stream: MembershipStream; readonly timer: Timer }
  | { readonly tag: 'stable'; readonly stream: MembershipStream }
  | { readonly tag: 'revoking'; readonly stream: MembershipStream }
  | { readonly tag: 'removed' }
  | { readonly tag: 'leaving'; readonly stream: MembershipStream; readonly timer: Timer }
  | { readonly tag: 'left' }
  | { readonly tag: 'failed'; readonly error: MoldauError };

type Tag = MembershipState['tag'];

const MOVES: Readonly<Record<Tag, readonly Tag[]>> = {
  idle: ['connecting', 'left'],
  connecting: ['connecting', 'joining', 'left', 'failed'],
  joining: ['connecting', 'stable', 'removed', 'left', 'failed'],
  stable: ['revoking', 'connecting', 'removed', 'leaving', 'failed'],
  revoking: ['stable', 'connecting', 'removed', 'leaving', 'failed'],
  removed: ['connecting', 'left'],
  leaving: ['left'],
  left: [],
  failed: ['left'],
};

export function assertLegalMove(from: MembershipState, to: MembershipState): void {
  assert(MOVES[from.tag].includes(to.tag), 'a membership makes only legal moves', { from: from.tag, to: to.tag });
}

/** The stream over which the member speaks as one; undefined while it has none. */
export function joinedStream(state: MembershipState): MembershipStream | undefined {
  return state.tag === 'stable' || state.tag === 'revoking' ? state.stream : undefined;
}
