import type { BrokerEpoch, BrokerId, Offset } from '@moldau/kernel';
import type { ReplicaEnds } from './high-watermark.ts';

/** How far the leader's own log goes. Flushed ≤ written ≤ end. */
export interface LeaderEnds extends ReplicaEnds {
  readonly logEnd: Offset;
}

/** How far a follower's log goes. Flushed ≤ written ≤ received. */
export interface FollowerEnds extends ReplicaEnds {
  readonly receivedEnd: Offset;
}

/** One replica as the leader sees it. */
export interface ReplicaProgress {
  readonly brokerId: BrokerId;
  /** The life of it that was heard in this leader epoch; undefined: none was. */
  readonly brokerEpoch: BrokerEpoch | undefined;
  /** Undefined: not heard of in this leader epoch. */
  readonly ends: FollowerEnds | undefined;
  /** When it last had all that the leader then had, monotonic milliseconds; the begin of the epoch until it was heard. */
  readonly lastCaughtUpMs: number;
  readonly inIsr: boolean;
}

/**
 * What the leader knows of one follower in its epoch. It was caught up at a time when it has by now what the log then had:
 * the rule of Kafka's replica manager, with one difference. A follower here acknowledges many times while one flush is under
 * way, so the end to reach is held until it is reached, and only then set anew.
 */
export class FollowerProgress {
  brokerEpoch: BrokerEpoch | undefined;
  ends: FollowerEnds | undefined;
  lastCaughtUpMs: number;
  /** The log's end at `#markMs`, which it has to reach next. */
  #markEnd: Offset;
  #markMs: number;

  constructor(logEnd: Offset, nowMs: number) {
    this.lastCaughtUpMs = nowMs;
    this.#markEnd = logEnd;
    this.#markMs = nowMs;
  }

  /** It told where it stands; `end` is the one that counts, of its `ends`. */
  heard(brokerEpoch: BrokerEpoch, ends: FollowerEnds, end: Offset, logEnd: Offset, nowMs: number): void {
    this.brokerEpoch = brokerEpoch;
    this.ends = ends;
    if (end >= logEnd) this.#caughtUp(nowMs, logEnd, nowMs);
    else if (end >= this.#markEnd) this.#caughtUp(this.#markMs, logEnd, nowMs);
  }

  /** The leader's log grows from `logEnd` on: until now a follower that has all of it was caught up, and had nothing to say. */
  logGrows(end: Offset, logEnd: Offset, nowMs: number): void {
    if (end >= logEnd) this.#caughtUp(nowMs, logEnd, nowMs);
  }

  #caughtUp(atMs: number, markEnd: Offset, markMs: number): void {
    this.lastCaughtUpMs = Math.max(this.lastCaughtUpMs, atMs);
    this.#markEnd = markEnd;
    this.#markMs = markMs;
  }
}
