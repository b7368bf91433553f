import { MoldauError, silentLogger, silentMeter, topicId } from '@moldau/kernel';
import { Certainty, type CommittedOffset, type MembershipRequest, type OffsetToCommit } from '@moldau/protocol';
import { compress, decompress } from '@moldau/records';
import { SeededIds, SeededRandom, SimCompute, SimScheduler } from '@moldau/testkit';
import { FetchMetrics } from '../fetch/fetch-metrics.ts';
import type { ReadSource, SourceRead } from '../gateway/read-source.ts';
import type { MemberSessionEvents } from '../groups/member-session.ts';
import { Slots } from '../limits/slots.ts';
import { TurnShare } from '../limits/turn-share.ts';
import { StreamRegistry } from '../request/stream-registry.ts';
import { subscribeTerms } from '../subscriptions/subscribe-terms.ts';
import type { Subscription } from '../subscriptions/subscription.ts';
import type { SubscribeFrame, SubscriptionPorts } from '../subscriptions/subscription-ports.ts';
import { Subscriptions } from '../subscriptions/subscriptions.ts';
import { ANY_CONTEXT } from './request-context.ts';
import { batchOf } from './sim-broker.ts';

type Heard = NonNullable<MembershipRequest['frame']>;
type Start = Parameters<typeof subscribeTerms>[0];

export const TOPIC_ID = '0190a0f0-0000-7000-8000-000000000001';
const SETTINGS = { heartbeatIntervalMs: 1_000, sessionTimeoutMs: 45_000, processingIntervalMs: 300_000 };

/** A partition with one batch for each record, from `start` on. */
class PlayedSource implements ReadSource {
  readonly partition: number;
  readonly #log: PlayedLog;

  constructor(partition: number, log: PlayedLog) {
    this.partition = partition;
    this.#log = log;
  }

  async find({ $case }: Parameters<ReadSource['find']>[0]): Promise<number | undefined> {
    return $case === 'earliest' ? this.#log.start : this.#log.end;
  }

  async read(from: number, _maxBytes: number, lastEpoch: number | undefined): Promise<SourceRead> {
    const { start, end, epoch, partsAt = from } = this.#log;
    if (lastEpoch !== undefined && lastEpoch !== epoch && from > partsAt) {
      throw new MoldauError('LOG_TRUNCATED', 'it was cut', { diverging_offset: String(partsAt), diverging_epoch: String(epoch) });
    }
    if (from < start || from > end) throw new MoldauError('OFFSET_OUT_OF_RANGE', 'out of range', {});
    const values = Array.from({ length: end - from }, (_, index) => `r${from + index}`);
    const batches = values.length === 0 ? [] : [batchOf(values, { baseOffset: from, partitionLeaderEpoch: epoch })];
    return { batches, nextOffset: end, visibleEnd: end, aborted: [] };
  }

  watch(moved: () => void): void {
    this.#log.moved = moved;
  }

  close(): void {}
}

export interface PlayedLog {
  start: number;
  end: number;
  /** Leader epoch of all that is in it. */
  epoch: number;
  /** Up to here it is what was read by who has read other epochs; default: everywhere. */
  partsAt?: number;
  moved?: () => void;
}

/** Subscriptions whose group's owner and logs are played by the test. */
export class PlayedSubscriptions {
  readonly scheduler = new SimScheduler();
  readonly log: PlayedLog = { start: 0, end: 10, epoch: 3 };
  committed: number | undefined;
  committedEpoch: number | undefined;
  /** What the owner has heard. */
  heard: Heard[] = [];
  told: SubscribeFrame[] = [];
  ended: string | undefined;
  writable = true;
  closed = 0;
  readonly streams = new StreamRegistry();
  readonly all: Subscriptions;
  subscription: Subscription;
  #events: MemberSessionEvents | undefined;

  constructor(start: Partial<Start> = {}) {
    const { scheduler } = this;
    const random = new SeededRandom(1);
    const ports: SubscriptionPorts = {
      ...{ scheduler, random, clock: scheduler.clock, logger: silentLogger, share: new TurnShare(scheduler), decoding: new Slots(2) },
      compute: new SimCompute({ codecs: { compress, decompress }, scheduler, latency: () => 1 }),
      metrics: new FetchMetrics(silentMeter),
      member: (_join, _context, events) => {
        this.#events = events;
        return { open: () => {}, hear: (frame) => this.heard.push(frame), close: () => (this.closed += 1) };
      },
      committed: async (_join, _epoch, partitions): Promise<CommittedOffset[]> =>
        partitions.map(({ index }) => {
          const committed = { offset: this.committed, leaderEpoch: this.committedEpoch, metadata: '' };
          return { topicId: TOPIC_ID, topicName: 'orders', partition: index, ...committed };
        }),
      source: ({ index }) => new PlayedSource(index, this.log),
    };
    this.all = new Subscriptions(ports, this.streams);
    this.subscription = this.open(start);
  }

  open(start: Partial<Start> = {}): Subscription {
    const terms = subscribeTerms({ groupId: 'g', topics: ['orders'], isolation: 0, ...start }, new SeededIds(new SeededRandom(2)));
    this.subscription = this.all.open(terms, ANY_CONTEXT, {
      send: (frame) => this.told.push(frame) > 0 && this.writable,
      end: (error) => {
        this.ended = error?.reason ?? 'OK';
      },
    });
    return this.subscription;
  }

  /** The owner takes the member, with these partitions. */
  async join(assigned: readonly number[] = [0]): Promise<void> {
    const assignment = { memberEpoch: 1, assigned: partitionsOf(assigned), revoking: [], following: [] };
    this.#events?.tell({ $case: 'joined', value: { settings: SETTINGS, assignment } });
    await this.scheduler.runFor(50);
  }

  async assign(memberEpoch: number, assigned: readonly number[], revoking: readonly number[] = []): Promise<void> {
    const value = { memberEpoch, assigned: partitionsOf(assigned), revoking: partitionsOf(revoking), following: [] };
    this.#events?.tell({ $case: 'assignment', value });
    await this.scheduler.runFor(50);
  }

  /** The owner answers all commits; `reason`: with this error. */
  async answerCommits(reason?: 'REQUEST_TIMED_OUT'): Promise<void> {
    const commits = this.heard.flatMap((frame) => (frame.$case === 'commit' ? [frame.value] : []));
    this.heard = this.heard.filter(({ $case }) => $case !== 'commit');
    for (const { commitId, offsets } of commits) {
      const error = reason && {
        reason,
        message: '',
        metadata: new Map<string, string>(),
        retriable: true,
        certainty: Certainty.INDEFINITE,
      };
      const results = offsets.map(({ partition }) => ({ topicId: TOPIC_ID, partition }));
      this.#events?.tell({ $case: 'committed', value: { commitId, error, results: reason === undefined ? results : [] } });
    }
    await this.scheduler.runFor(50);
  }

  over(error?: MoldauError): void {
    this.#events?.over(error);
  }

  /** Commits as `partition:offset`, heartbeats as their epochs, the rest by name; since the last call. */
  hears(): (string | number)[] {
    const heard = this.heard.map((frame) => {
      if (frame.$case === 'heartbeat') return frame.value.memberEpoch;
      return frame.$case === 'commit'
        ? frame.value.offsets.map(({ partition, offset }: OffsetToCommit) => `${partition}:${offset}`).join()
        : frame.$case;
    });
    return heard;
  }

  deliveries(): { readonly id: number; readonly partition: number; readonly values: string[] }[] {
    return this.told.flatMap((frame) => {
      if (frame.$case !== 'delivery') return [];
      const { deliveryId: id, partition, records } = frame.value;
      return [{ id, partition, values: records.map(({ value }) => Buffer.from(value ?? []).toString()) }];
    });
  }

  /** Acknowledges the deliveries at these places. */
  async acknowledge(...places: readonly number[]): Promise<void> {
    const deliveries = this.deliveries();
    this.subscription.acknowledge(places.map((place) => deliveries[place]?.id ?? -1));
    await this.scheduler.runFor(50);
  }
}

function partitionsOf(partitions: readonly number[]): { topicId: string; topicName: string; partitions: number[] }[] {
  return partitions.length === 0 ? [] : [{ topicId: topicId(TOPIC_ID), topicName: 'orders', partitions: [...partitions] }];
}
