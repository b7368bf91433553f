import type { BrokerId, LeaderEpoch, Offset } from '@moldau/kernel';

/** What a follower wants done, in the order given. */
export type FollowerAction =
  /** Tell the leader where the log ends and ask for what follows. Nothing to do without a stream to it: `connected` asks again. */
  | {
      readonly kind: 'sendPosition';
      readonly leaderId: BrokerId;
      readonly leaderEpoch: LeaderEpoch;
      readonly receivedEnd: Offset;
      readonly lastFetchedEpoch: number;
    }
  /** Cut the log, then call `truncated`. `belowHighWatermark`: an epoch marked lossy allows to move the watermark back with it. */
  | { readonly kind: 'truncateTo'; readonly offset: Offset; readonly belowHighWatermark: boolean }
  | { readonly kind: 'append'; readonly bytes: Uint8Array }
  | { readonly kind: 'advanceHighWatermark'; readonly offset: Offset }
  | { readonly kind: 'moveStart'; readonly offset: Offset }
  /** Drop the whole log and begin an empty one at `offset`, then call `begunAnew`. */
  | { readonly kind: 'beginAnew'; readonly offset: Offset }
  | { readonly kind: 'alarm'; readonly alarm: FollowerAlarm };

/** What an operator must hear of. */
export type FollowerAlarm =
  /** The leader's log parts from this one below what this one knows to be committed: refused, unless the epoch is marked lossy. */
  | { readonly kind: 'truncationBelowHighWatermark'; readonly offset: Offset; readonly highWatermark: Offset; readonly refused: boolean }
  /** The batches that came do not continue the log. */
  | { readonly kind: 'gap'; readonly endOffset: Offset; readonly baseOffset: Offset }
  /** Truncating changed nothing, and the leader asks for the same again. */
  | { readonly kind: 'noCommonEnd'; readonly endOffset: Offset };
