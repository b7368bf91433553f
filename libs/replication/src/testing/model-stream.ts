import type { BrokerEpoch, BrokerId, LeaderEpoch, Offset } from '@moldau/kernel';
import type { FollowerNews } from '../follower/follower-news.ts';
import type { FollowerEnds } from '../leader/replica-progress.ts';

/** Where a follower stands; with `lastFetchedEpoch` it asks. */
export interface ModelPosition {
  readonly leaderEpoch: LeaderEpoch;
  readonly ends: FollowerEnds;
  readonly lastFetchedEpoch: number | undefined;
}

/** A follower's stream to a leader: both ways in order, until it breaks. */
export class ModelStream {
  readonly followerId: BrokerId;
  /** The life of the follower that opened it. */
  readonly life: BrokerEpoch;
  readonly leaderId: BrokerId;
  /** What the follower sent may arrive though the follower is gone. */
  readonly requests: ModelPosition[] = [];
  readonly responses: FollowerNews[] = [];
  /** What the follower sent arrives from then on. */
  heldUntilMs = 0;
  followerGone = false;
  leaderGone = false;
  /** Leader's side: the epoch in which the logs were found to agree, undefined: not (yet). */
  agreedEpoch: LeaderEpoch | undefined;
  /** Leader's side: the next offset to send. */
  next = 0 as Offset;
  toldWatermark = -1;

  constructor(followerId: BrokerId, life: BrokerEpoch, leaderId: BrokerId) {
    this.followerId = followerId;
    this.life = life;
    this.leaderId = leaderId;
  }
}
