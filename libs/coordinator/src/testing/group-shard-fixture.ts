import {
  applyChanges,
  configKey,
  EMPTY_IMAGE,
  encodeConfig,
  encodePartition,
  encodeTopic,
  type ImageDelta,
  partitionRecordKey,
  topicKey,
} from '@moldau/cluster';
import {
  type BrokerId,
  brokerEpoch,
  type CoordinatorId,
  DEFAULT_NAMESPACE,
  type EncodedRecord,
  leaderEpoch,
  type PartitionIndex,
  partitionEpoch,
  silentLogger,
  type TopicId,
  type TopicName,
} from '@moldau/kernel';
import type { CallOrigin, MeasuredLag, MemberFrame, MemberNotice, OffsetToCommit } from '@moldau/protocol';
import { MeasureLagRequest, MeasureLagResponse } from '@moldau/protocol';
import { FakeShard } from '@moldau/shards/testing';
import { RecordingMeter, SeededIds, SeededRandom, SimScheduler } from '@moldau/testkit';
import type { GroupMachine } from '../groups/group-machine.ts';
import { groupShards } from '../groups/group-shards.ts';
import type { MemberStream, ShardCallContext, ShardKindContext, ShardKindDefinition } from '../shards/shard-kind.ts';

export const TOPIC_ID = '11111111-1111-4111-8111-111111111111' as TopicId;
export const ORIGIN: CallOrigin = {
  principal: 'User:anonymous',
  namespace: DEFAULT_NAMESPACE,
  clientId: 'reader',
  clientHost: '10.0.0.1',
  traceparent: '',
};
export const CONTEXT: ShardCallContext = { namespace: DEFAULT_NAMESPACE, origin: ORIGIN, timeoutMs: 5_000 };

type Frame = NonNullable<MemberFrame['frame']>;
type Notice = NonNullable<MemberNotice['notice']>;

/** One shard of groups in virtual time, on a log in memory, with one topic of four partitions led by broker 1. */
export class GroupShardFixture {
  readonly scheduler = new SimScheduler();
  readonly meter = new RecordingMeter();
  readonly notices = new Map<number, Notice[]>();
  readonly stream: MemberStream = { caller: 'broker/1', tell: (membership, notice) => this.#told(membership, notice) };
  /** What the leader answers for a position of a partition. */
  measured: (partition: number, offset: number) => Partial<MeasuredLag> = () => ({ highWatermark: 100, logStartOffset: 0 });
  image = EMPTY_IMAGE;
  readonly definition: ShardKindDefinition<GroupMachine>;
  shard: FakeShard<GroupMachine>;
  readonly #listeners: ((delta: ImageDelta | undefined) => void)[] = [];
  #revision = 0;

  constructor() {
    this.putTopic('flights', TOPIC_ID, 4);
    this.definition = groupShards(this.#context());
    this.shard = this.#start([]);
  }

  get members(): NonNullable<ShardKindDefinition<GroupMachine>['members']> {
    if (this.definition.members === undefined) throw new Error('groups have members');
    return this.definition.members;
  }

  /** Another owner takes the shard: this machine is lost, and another is loaded from the log. */
  moveShard(): void {
    const records = [...this.shard.records];
    this.shard.lose();
    this.shard = this.#start(records);
  }

  putTopic(name: string, topicId: TopicId, partitions: number): void {
    const state = { state: 'active', partitionCount: partitions, readyPartitions: partitions } as const;
    const place = { topicId, namespace: DEFAULT_NAMESPACE, name: name as TopicName, replicationFactor: 1, createdAtMs: 0, internal: false };
    const changes = [{ key: topicKey(topicId), value: encodeTopic({ ...place, ...state }, undefined) }];
    for (let index = 0; index < partitions; index++) {
      changes.push({ key: partitionRecordKey(topicId, index as PartitionIndex), value: partitionBytes() });
    }
    this.#change(changes);
  }

  configure(groupId: string, values: readonly (readonly [string, string])[]): void {
    const key = configKey({ kind: 'group', namespace: DEFAULT_NAMESPACE, groupId });
    this.#change([{ key, value: encodeConfig(new Map(values), undefined) }]);
  }

  /** A member joins over a membership of its own, and virtual time goes on a little. */
  async join(
    membership: number,
    memberId: string,
    options: { readonly memberEpoch?: number; readonly pattern?: string; readonly attempt?: number } = {},
  ): Promise<void> {
    const join = {
      groupId: 'readers',
      memberId,
      topicNames: options.pattern === undefined ? ['flights'] : [],
      topicPattern: options.pattern,
      metadata: new Uint8Array(),
      rebalanceTimeoutMs: 1_000,
      attempt: options.attempt,
    };
    this.say(membership, { $case: 'join', value: { shard: 0, origin: ORIGIN, join, memberEpoch: options.memberEpoch } });
    await this.pass(200);
  }

  say(membership: number, frame: Frame): void {
    this.members.frame(this.stream, membership, frame);
  }

  async beat(membership: number, memberEpoch: number): Promise<void> {
    this.say(membership, { $case: 'heartbeat', value: { memberEpoch } });
    await this.pass(200);
  }

  /** Each member names the epoch that it was told last, until nobody is told anything new. */
  async settle(): Promise<void> {
    for (let round = 0; round < 6; round++) {
      for (const membership of this.notices.keys())
        if (this.ended(membership) === undefined) await this.beat(membership, this.epoch(membership));
    }
  }

  epoch(membership: number): number {
    return this.assignment(membership).memberEpoch;
  }

  /** The partitions that it holds, of one topic. */
  partitions(membership: number): readonly number[] {
    return this.assignment(membership).assigned;
  }

  assignment(membership: number): {
    readonly memberEpoch: number;
    readonly assigned: readonly number[];
    readonly revoking: readonly number[];
  } {
    const [last] = (this.notices.get(membership) ?? [])
      .flatMap((notice) => {
        if (notice.$case === 'assignment') return [notice.value];
        return notice.$case === 'joined' && notice.value.assignment !== undefined ? [notice.value.assignment] : [];
      })
      .reverse();
    const indexes = (topics: readonly { readonly partitions: readonly number[] }[]): number[] =>
      topics.flatMap(({ partitions }) => partitions);
    return { memberEpoch: last?.memberEpoch ?? 0, assigned: indexes(last?.assigned ?? []), revoking: indexes(last?.revoking ?? []) };
  }

  /** The name of the error with which it ended; 'left' without one; undefined: it has not. */
  ended(membership: number): string | undefined {
    const last = this.notices.get(membership)?.at(-1);
    return last?.$case === 'ended' ? (last.value.error?.reason ?? 'left') : undefined;
  }

  pass(ms: number): Promise<void> {
    return this.scheduler.runFor(ms);
  }

  async until<Answer>(promise: Promise<Answer>): Promise<Answer> {
    let settled = false;
    const done = (): void => {
      settled = true;
    };
    promise.then(done, done);
    for (let round = 0; round < 100 && !settled; round++) await this.pass(50);
    return promise;
  }

  #start(records: readonly EncodedRecord[]): FakeShard<GroupMachine> {
    const machine = this.definition.createMachine({ index: 0, shardEpoch: 1 });
    const now = () => ({ monotonicMs: this.scheduler.clock.monotonicMs(), wallMs: this.scheduler.clock.wallMs() });
    const shard = new FakeShard({ machine, now, records });
    this.definition.activated?.(shard);
    return shard;
  }

  #told(membership: number, notice: Notice): void {
    const told = this.notices.get(membership);
    if (told === undefined) this.notices.set(membership, [notice]);
    else told.push(notice);
  }

  #change(changes: readonly { readonly key: string; readonly value: Uint8Array }[]): void {
    this.#revision += 1;
    const applied = changes.map(({ key, value }) => ({ key, value, revision: this.#revision }));
    const { image, delta } = applyChanges(this.image, this.#revision, applied);
    this.image = image;
    for (const listener of this.#listeners) listener(delta);
  }

  #context(): ShardKindContext<GroupMachine> {
    const { scheduler, meter } = this;
    const deps = {
      clock: scheduler.clock,
      scheduler,
      meter,
      logger: silentLogger,
      random: new SeededRandom(1),
      ids: new SeededIds(new SeededRandom(2)),
    };
    return {
      deps: deps as unknown as ShardKindContext<GroupMachine>['deps'],
      settings: { coordinatorId: 'c0' as CoordinatorId, groupLagSeriesMax: 3 } as ShardKindContext<GroupMachine>['settings'],
      metadata: {
        image: () => this.image,
        listen: ({ changed, reloaded }) => {
          this.#listeners.push((delta) => (delta === undefined ? reloaded(this.image) : changed(this.image, delta)));
          return () => {};
        },
      },
      shards: { get: () => this.shard, all: () => [this.shard] },
      brokers: { channel: () => this.#leader() },
      calls: undefined as never,
      controller: undefined as never,
    };
  }

  #leader(): ReturnType<ShardKindContext<GroupMachine>['brokers']['channel']> {
    return {
      unary: async (_path, bytes) => {
        const { positions } = MeasureLagRequest.decode(bytes);
        const results = positions.map(({ partition, offset }): MeasuredLag => {
          return { highWatermark: 0, logStartOffset: 0, readFrom: 0, ...this.measured(partition, offset) };
        });
        return MeasureLagResponse.encode({ results }).finish();
      },
      stream: () => {
        throw new Error('nobody streams');
      },
      close: () => {},
    };
  }
}

export function offsetOf(partition: number, offset: number, more: Partial<OffsetToCommit> = {}): OffsetToCommit {
  return { topicId: TOPIC_ID, partition, offset, metadata: '', ...more };
}

function partitionBytes(): Uint8Array {
  const replicas = [1 as BrokerId];
  const nobody = { elr: [], lastKnownElr: [], lastKnownEnds: [], adding: [], removing: [], lossyEpoch: undefined };
  const epochs = { leaderEpoch: leaderEpoch(0), partitionEpoch: partitionEpoch(0), leaderBrokerEpoch: brokerEpoch(1) };
  return encodePartition({ leader: replicas[0], replicas, isr: replicas, minIsr: 1, flush: 'sync', ...nobody, ...epochs }, undefined);
}
