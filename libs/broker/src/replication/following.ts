import { type Clock, type LeaderEpoch, type Logger, MoldauError, type Offset } from '@moldau/kernel';
import type { PartitionNews } from '@moldau/protocol';
import {
  type BatchRun,
  type FollowerAction,
  type FollowerAlarm,
  type FollowerAssignment,
  type FollowerLog,
  FollowerReplica,
} from '@moldau/replication';
import { lastEpochOf } from '../partition/last-epoch.ts';
import type { Partition } from '../partition/partition.ts';
import type { PartitionLog } from '../partition/partition-log.ts';
import { checkedBatches } from './checked-batches.ts';
import { alarmKind, alarmText } from './follower-alarms.ts';
import type { ReplicationMetrics } from './replication-metrics.ts';

/** Where a follower stands when it asks. */
export type AskedPosition = Extract<FollowerAction, { readonly kind: 'sendPosition' }>;

/** The streams to leaders, as a partition uses them. */
export interface FollowerFeed {
  /** The partition wants to be sent what follows its end. */
  ask(partition: Partition, position: AskedPosition): void;
  /** Whether a reassignment adds it has changed. */
  restream(partition: Partition): void;
  /** Its ends have moved. */
  acknowledge(partition: Partition): void;
  /** It has failed, and may be tried again later. */
  retryLater(partition: Partition): void;
  /** It follows nobody. */
  leave(partition: Partition): void;
}

export interface FollowingDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly feed: FollowerFeed;
  readonly metrics: ReplicationMetrics;
}

/** What the following of a partition tells it. */
export interface FollowingEvents {
  /** Removes the log and makes an empty one that begins there. */
  beginAnew(startOffset: Offset): Promise<PartitionLog>;
  /** Work on the log has ended, for which another role had to wait. */
  idle(): void;
}

/** This broker's replica of one partition as a follower: carries out what its state machine wants of the log and the stream. */
export class Following {
  readonly #deps: FollowingDeps;
  readonly #events: FollowingEvents;
  readonly #partition: Partition;
  readonly #replica = new FollowerReplica();
  readonly #view: LogView;
  #movingStart = false;
  #stopped = false;

  constructor(deps: FollowingDeps, events: FollowingEvents, partition: Partition, log: PartitionLog) {
    this.#deps = deps;
    this.#events = events;
    this.#partition = partition;
    this.#view = new LogView(log);
  }

  /** Whether the log is being cut or begun anew: no other role may take it over. */
  get isBusy(): boolean {
    return this.#replica.kind === 'truncating' || this.#replica.kind === 'renewing';
  }

  /** Whether its ends may be told to the leader. */
  get acknowledges(): boolean {
    return this.#replica.acknowledges;
  }

  get leaderEpoch(): LeaderEpoch | undefined {
    return this.#replica.assignment?.leaderEpoch;
  }

  /** Monotonic time of the next attempt after a failure; undefined: none is due. */
  get retryAtMs(): number | undefined {
    return this.#replica.retryAtMs;
  }

  assign(assignment: FollowerAssignment): void {
    // Begun when this broker was elected, and nothing came of it.
    if (!this.isBusy) this.#view.log.forgetEmptyEpoch();
    this.#perform(this.#replica.assign(assignment, this.#view));
  }

  /** Follows nobody from now on. */
  leave(): void {
    this.#perform(this.#replica.assign(undefined, this.#view));
    this.#deps.feed.leave(this.#partition);
  }

  /** For good: the log is somebody else's. */
  stop(): void {
    this.#stopped = true;
    this.#deps.feed.leave(this.#partition);
  }

  connected(): void {
    this.#perform(this.#replica.connected(this.#view));
  }

  retry(): void {
    this.#perform(this.#replica.retry(this.#nowMs, this.#view));
    this.#watchFailure();
  }

  /** Appends were taken back. */
  lost(): void {
    // It asks from its end anyway once its log has been changed.
    if (!this.isBusy) this.#failed();
  }

  /** Takes the leader's news. */
  news(news: PartitionNews): void {
    // Sent before the leader heard the question that follows the change of the log.
    if (this.isBusy) return;
    let batches: BatchRun | undefined;
    try {
      batches = checkedBatches(news, this.#view.log.endOffset);
    } catch (caught) {
      this.#deps.metrics.refusedBatches.add(1);
      const error = MoldauError.from(caught);
      this.#deps.logger.warn("a leader's batches are damaged and asked for again", { ...this.#facts(), error: error.message });
      this.#failed();
      return;
    }
    const { leaderEpoch, highWatermark, logStartOffset, diverging, error } = news;
    const acknowledged = this.acknowledges;
    this.#perform(
      this.#replica.news(
        {
          leaderEpoch: leaderEpoch as LeaderEpoch,
          highWatermark: highWatermark as Offset,
          logStartOffset: logStartOffset as Offset,
          diverging: diverging === undefined ? undefined : { epoch: diverging.epoch, endOffset: diverging.endOffset as Offset },
          refused: error !== undefined,
          batches,
        },
        this.#view,
        this.#nowMs,
      ),
    );
    this.#watchFailure();
    // What was flushed since it asked has not been told.
    if (!acknowledged && this.acknowledges) this.#deps.feed.acknowledge(this.#partition);
  }

  get #nowMs(): number {
    return this.#deps.clock.monotonicMs();
  }

  #perform(actions: readonly FollowerAction[]): void {
    try {
      for (const action of actions) this.#do(action);
    } catch (caught) {
      const error = MoldauError.from(caught);
      this.#deps.logger.warn('a follower could not go on and asks again', { ...this.#facts(), reason: error.reason, error: error.message });
      this.#failed();
    }
  }

  #do(action: FollowerAction): void {
    const { log } = this.#view;
    switch (action.kind) {
      case 'sendPosition':
        this.#deps.feed.ask(this.#partition, action);
        return;
      case 'append':
        log.appendAsFollower(action.bytes);
        return;
      case 'advanceHighWatermark':
        log.advanceHighWatermark(action.offset);
        return;
      case 'moveStart':
        void this.#moveStart(log, action.offset);
        return;
      case 'truncateTo':
        this.#deps.metrics.truncations.add(1);
        this.#deps.logger.info('cutting a log where it parts from its leader', {
          ...this.#facts(),
          offset: action.offset,
          end: log.endOffset,
        });
        void this.#change(
          () => log.truncateTo(action.offset, { acceptLoss: action.belowHighWatermark }),
          () => this.#replica.truncated(this.#view),
        );
        return;
      case 'beginAnew':
        this.#deps.logger.info('a log begins anew where its leader does', { ...this.#facts(), offset: action.offset, end: log.endOffset });
        void this.#change(
          async () => {
            this.#view.log = await this.#events.beginAnew(action.offset);
          },
          () => this.#replica.begunAnew(this.#view),
        );
        return;
      case 'alarm':
        this.#raise(action.alarm);
    }
  }

  /** Changes the log, which nobody else touches meanwhile. */
  async #change(work: () => Promise<void>, done: () => readonly FollowerAction[]): Promise<void> {
    let failure: MoldauError | undefined;
    try {
      await work();
    } catch (caught) {
      failure = MoldauError.from(caught);
    }
    if (this.#stopped) return;
    if (failure === undefined) {
      this.#perform(done());
    } else {
      this.#deps.logger.warn('changing a log failed', { ...this.#facts(), reason: failure.reason, error: failure.message });
      this.#failed();
    }
    this.#events.idle();
  }

  async #moveStart(log: PartitionLog, offset: Offset): Promise<void> {
    if (this.#movingStart) return;
    this.#movingStart = true;
    try {
      await log.deleteRecordsBefore(offset);
    } catch (caught) {
      // The leader names it with its next news again.
      this.#deps.logger.warn('the start of a log could not be moved', {
        ...this.#facts(),
        offset,
        error: MoldauError.from(caught).message,
      });
    } finally {
      this.#movingStart = false;
    }
  }

  #failed(): void {
    this.#replica.actionFailed(this.#nowMs);
    this.#watchFailure();
  }

  #watchFailure(): void {
    if (this.#replica.retryAtMs !== undefined) this.#deps.feed.retryLater(this.#partition);
  }

  #raise(alarm: FollowerAlarm): void {
    this.#deps.metrics.alarmed(alarmKind(alarm));
    this.#deps.logger.error(alarmText(alarm), { ...this.#facts(), ...alarm });
  }

  #facts(): Readonly<Record<string, unknown>> {
    return { topicId: this.#partition.topicId, partition: this.#partition.index, leaderId: this.#replica.assignment?.leaderId };
  }
}

/** The log as the state machine looks at it. */
class LogView implements FollowerLog {
  log: PartitionLog;

  constructor(log: PartitionLog) {
    this.log = log;
  }

  get startOffset(): Offset {
    return this.log.startOffset;
  }

  get endOffset(): Offset {
    return this.log.endOffset;
  }

  get highWatermark(): Offset {
    return this.log.highWatermark;
  }

  get lastEpoch(): number {
    return lastEpochOf(this.log);
  }

  endOffsetFor(epoch: number): { readonly epoch: number; readonly endOffset: number } | undefined {
    return this.log.endOffsetFor(epoch);
  }
}
