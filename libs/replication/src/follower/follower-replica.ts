import { assert, type BrokerId, type LeaderEpoch, type Offset } from '@moldau/kernel';
import { type Divergence, NO_EPOCH, truncationPoint } from '../divergence.ts';
import type { FollowerAction, FollowerAlarm } from './follower-action.ts';
import type { FollowerLog } from './follower-log.ts';
import type { BatchRun, FollowerNews } from './follower-news.ts';

/** Whom to follow. */
export interface FollowerAssignment {
  readonly leaderId: BrokerId;
  readonly leaderEpoch: LeaderEpoch;
  /**
   * The newest leader epoch whose election may have lost what was committed: a log that ends in an older epoch may be cut below
   * its high watermark. Undefined: none ever did.
   */
  readonly lossyEpoch?: LeaderEpoch | undefined;
}

/**
 * idle → asking; asking → following | truncating | renewing | failed; following → truncating | renewing | failed | asking;
 * truncating → asking | failed | idle; renewing → asking | failed | idle; failed → asking; every state → idle, but truncating
 * and renewing only when their work is done.
 * `asking`: the position is sent, and the leader has not yet said that the logs agree. `following`: they do.
 * `truncating`, `renewing`: the log is being cut, or begun anew. `failed`: asks again at `retryAtMs`.
 */
type State =
  | { readonly kind: 'idle' }
  | { readonly kind: 'asking' }
  | { readonly kind: 'following' }
  | { readonly kind: 'truncating' }
  | { readonly kind: 'renewing' }
  | { readonly kind: 'failed'; readonly retryAtMs: number };

/** First and longest pause before a follower that failed asks again; it doubles from the one to the other. */
export const RETRY_MIN_MS = 50;
export const RETRY_MAX_MS = 1000;

/** Where a log stood. */
interface Position {
  readonly end: Offset;
  readonly epoch: number;
}

/**
 * The follower's side of one partition. It is told of the assignment, of news, and of how its actions went; it answers with
 * actions as data, to be done at once and in order.
 */
export class FollowerReplica {
  #state: State = { kind: 'idle' };
  #assignment: FollowerAssignment | undefined;
  #retries = 0;
  /** Where the log stood when it was last cut for this epoch: to cut it again there would change nothing. */
  #cutAt: Position | undefined;
  /** The alarm was raised in this epoch. */
  #alarmed = false;

  get kind(): State['kind'] {
    return this.#state.kind;
  }

  /** Whether its log is known to agree with the leader's: only then may positions be sent that acknowledge. */
  get acknowledges(): boolean {
    return this.#state.kind === 'following';
  }

  get assignment(): FollowerAssignment | undefined {
    return this.#assignment;
  }

  /** Takes whom the newest metadata says to follow; undefined: nobody, or this broker leads. Older epochs change nothing. */
  assign(assignment: FollowerAssignment | undefined, log: FollowerLog): FollowerAction[] {
    const before = this.#assignment;
    if (assignment !== undefined && before !== undefined && assignment.leaderEpoch <= before.leaderEpoch) return [];
    this.#assignment = assignment;
    this.#retries = 0;
    this.#cutAt = undefined;
    this.#alarmed = false;
    // The log is being changed: the new assignment counts once that is done.
    if (this.#state.kind === 'truncating' || this.#state.kind === 'renewing') return [];
    return this.#ask(log);
  }

  /** There is a new stream to the leader, which knows nothing of this follower. */
  connected(log: FollowerLog): FollowerAction[] {
    if (this.#state.kind !== 'asking' && this.#state.kind !== 'following' && this.#state.kind !== 'failed') return [];
    return this.#ask(log);
  }

  /** When `retry` is due, monotonic milliseconds; undefined: it isn't. */
  get retryAtMs(): number | undefined {
    return this.#state.kind === 'failed' ? this.#state.retryAtMs : undefined;
  }

  /** Asks again after a failure, once its pause is over. */
  retry(nowMs: number, log: FollowerLog): FollowerAction[] {
    return this.#state.kind === 'failed' && nowMs >= this.#state.retryAtMs ? this.#ask(log) : [];
  }

  /** An action could not be done: the rest of its list must be dropped. */
  actionFailed(nowMs: number): void {
    if (this.#state.kind === 'idle') return;
    this.#cutAt = undefined;
    this.#fail(nowMs);
  }

  /** The log has been cut as asked. */
  truncated(log: FollowerLog): FollowerAction[] {
    assert(this.#state.kind === 'truncating', 'a cut was asked for', { kind: this.#state.kind });
    return this.#ask(log);
  }

  /** The log begins anew where it was asked to. */
  begunAnew(log: FollowerLog): FollowerAction[] {
    assert(this.#state.kind === 'renewing', 'a new begin was asked for', { kind: this.#state.kind });
    return this.#ask(log);
  }

  /** Takes the leader's news; those of another epoch than the one followed are left alone. */
  news(news: FollowerNews, log: FollowerLog, nowMs: number): FollowerAction[] {
    if (this.#state.kind !== 'asking' && this.#state.kind !== 'following') return [];
    if (news.leaderEpoch !== this.#assignment?.leaderEpoch) return [];
    if (news.refused === true) return this.#fail(nowMs);
    if (news.logStartOffset > log.endOffset) {
      this.#state = { kind: 'renewing' };
      return [{ kind: 'beginAnew', offset: news.logStartOffset }];
    }
    if (news.diverging !== undefined) return this.#diverged(news.diverging, log, nowMs);
    return this.#continued(news, log, nowMs);
  }

  #continued(news: FollowerNews, log: FollowerLog, nowMs: number): FollowerAction[] {
    const { batches } = news;
    if (batches !== undefined && batches.baseOffset !== log.endOffset) return this.#gap(batches, log, nowMs);
    // What came before could be done; whether these can be is not known yet.
    if (this.#state.kind === 'following') this.#retries = 0;
    this.#state = { kind: 'following' };
    const actions: FollowerAction[] = [];
    if (batches !== undefined) actions.push({ kind: 'append', bytes: batches.bytes });
    const end = batches?.endOffset ?? log.endOffset;
    // What is committed beyond the own end is the leader's to know.
    const highWatermark = Math.min(news.highWatermark, end) as Offset;
    if (highWatermark > log.highWatermark) actions.push({ kind: 'advanceHighWatermark', offset: highWatermark });
    if (news.logStartOffset > log.startOffset) actions.push({ kind: 'moveStart', offset: news.logStartOffset });
    return actions;
  }

  #gap({ baseOffset }: BatchRun, { endOffset }: FollowerLog, nowMs: number): FollowerAction[] {
    // Sent before the leader heard the question; its answer is still to come.
    if (this.#state.kind === 'asking') return [];
    return [alarm({ kind: 'gap', endOffset, baseOffset }), ...this.#fail(nowMs)];
  }

  #diverged(diverging: Divergence, log: FollowerLog, nowMs: number): FollowerAction[] {
    const { highWatermark, endOffset, lastEpoch } = log;
    const offset = truncationPoint(log, diverging);
    if (this.#cutAt?.end === endOffset && this.#cutAt.epoch === lastEpoch) {
      return [...this.#alarmOnce({ kind: 'noCommonEnd', endOffset }), ...this.#fail(nowMs)];
    }
    const below = offset < highWatermark;
    const refused = below && lastEpoch >= (this.#assignment?.lossyEpoch ?? NO_EPOCH);
    const alarms = below ? this.#alarmOnce({ kind: 'truncationBelowHighWatermark', offset, highWatermark, refused }) : [];
    if (refused) return [...alarms, ...this.#fail(nowMs)];
    this.#cutAt = { end: endOffset, epoch: lastEpoch };
    // Only where both logs are empty can the leader's end before this one begins.
    if (offset < log.startOffset) {
      this.#state = { kind: 'renewing' };
      return [...alarms, { kind: 'beginAnew', offset }];
    }
    this.#state = { kind: 'truncating' };
    return [...alarms, { kind: 'truncateTo', offset, belowHighWatermark: below }];
  }

  #ask(log: FollowerLog): FollowerAction[] {
    if (this.#assignment === undefined) {
      this.#state = { kind: 'idle' };
      return [];
    }
    this.#state = { kind: 'asking' };
    const { leaderId, leaderEpoch } = this.#assignment;
    return [{ kind: 'sendPosition', leaderId, leaderEpoch, receivedEnd: log.endOffset, lastFetchedEpoch: log.lastEpoch }];
  }

  #fail(nowMs: number): FollowerAction[] {
    const pauseMs = Math.min(RETRY_MIN_MS * 2 ** this.#retries, RETRY_MAX_MS);
    this.#retries = pauseMs === RETRY_MAX_MS ? this.#retries : this.#retries + 1;
    this.#state = { kind: 'failed', retryAtMs: nowMs + pauseMs };
    return [];
  }

  #alarmOnce(raised: FollowerAlarm): FollowerAction[] {
    if (this.#alarmed) return [];
    this.#alarmed = true;
    return [alarm(raised)];
  }
}

function alarm(raised: FollowerAlarm): FollowerAction {
  return { kind: 'alarm', alarm: raised };
}
