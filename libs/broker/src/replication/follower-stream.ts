import type { BrokerEpoch, BrokerId, Channel, Clock, Connector, Logger, MoldauError, Random, Scheduler, Timer } from '@moldau/kernel';
import {
  type ClientCall,
  openStream,
  type PartitionNews,
  type ReplicaPosition,
  type ReplicateRequest,
  type ReplicateResponse,
  replicationService,
} from '@moldau/protocol';
import type { Deadline, DeadlineWheel } from '../limits/deadline-wheel.ts';
import type { ClusterState } from '../metadata/cluster-state.ts';
import type { Partition } from '../partition/partition.ts';
import { BackOff } from '../session/back-off.ts';
import type { CopyThrottle } from './copy-throttle.ts';
import { type Followed, isTold, positionOf } from './followed.ts';
import type { AskedPosition } from './following.ts';
import { type LeaderCredit, SteadyCredit, ThrottledCredit } from './leader-credit.ts';
import type { ReplicationMetrics } from './replication-metrics.ts';

const MIB = 1024 * 1024;
/** Listener on which brokers call each other. */
const INTERNAL_LISTENER = 'internal';
const MESSAGE_BYTES_MAX = MIB;
/** How often a throttle is asked for more. */
const THROTTLE_TICK_MS = 100;
/** Positions in one message: what is encoded in well below 5 ms. */
const POSITIONS_MAX = 1_000;
/**
 * A leader says something each 500 ms; one silent for so long is tried anew. Each time that brings no word either it gets twice
 * as long, up to the second: to a leader that is merely slow, a new stream with all positions is more work still.
 */
const SILENCE_MS = { first: 3_000, longest: 12_000 };
const SILENCE_CHECK_MS = 1_000;

export interface FollowerStreamDeps {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly logger: Logger;
  readonly connector: Connector;
  readonly wheel: DeadlineWheel;
  readonly cluster: ClusterState;
  readonly metrics: ReplicationMetrics;
  readonly brokerId: BrokerId;
  /** Epoch of this life of the broker; undefined before it registered: then it follows nobody. */
  readonly brokerEpoch: () => BrokerEpoch | undefined;
}

/**
 * waiting ⇄ open → closed; waiting → closed. `waiting`: backing off, or without an address or a broker epoch.
 * `open`: the stream may still be connecting; what is sent waits in it.
 */
type State =
  | { readonly kind: 'waiting'; readonly timer: Timer }
  | { readonly kind: 'open'; readonly call: ClientCall<ReplicateRequest>; heardMs: number }
  | { readonly kind: 'closed' };

/**
 * This broker's stream to one leader, for all partitions it follows there, or for those that a throttle holds back: opened
 * again, with back-off, whenever it ends. Positions of one turn go in one message, and only those that changed.
 */
export class FollowerStream {
  readonly leaderId: BrokerId;
  /** Whether a throttle holds back what comes on it. */
  readonly isThrottled: boolean;
  readonly #credit: LeaderCredit;
  readonly #deps: FollowerStreamDeps;
  readonly #followed = new Map<number, Followed>();
  readonly #byPartition = new Map<Partition, Followed>();
  readonly #changed = new Set<Followed>();
  readonly #backOff: BackOff;
  #forgotten: number[] = [];
  #state: State;
  #channel: { readonly address: string; readonly channel: Channel } | undefined;
  #nextId = 1;
  #armed = false;
  /** The leader has not taken what was told: it hears of later positions together. */
  #blocked = false;
  #check: Deadline | undefined;
  #creditTick: Deadline | undefined;
  #patienceMs = SILENCE_MS.first;

  constructor(deps: FollowerStreamDeps, leaderId: BrokerId, throttle: CopyThrottle | undefined) {
    this.#deps = deps;
    this.leaderId = leaderId;
    this.isThrottled = throttle !== undefined;
    this.#credit = throttle === undefined ? new SteadyCredit() : new ThrottledCredit(throttle);
    this.#backOff = new BackOff(deps.random);
    this.#state = { kind: 'waiting', timer: deps.scheduler.after(0, () => this.#connect(), { background: true }) };
  }

  /** Partitions that follow here. */
  get size(): number {
    return this.#followed.size;
  }

  ask(partition: Partition, asked: AskedPosition): void {
    let followed = this.#byPartition.get(partition);
    if (followed === undefined) {
      followed = { id: this.#nextId, partition, asked, epoch: asked.leaderEpoch, introduced: false, toldFlushed: -1, toldWritten: -1 };
      this.#nextId += 1;
      this.#followed.set(followed.id, followed);
      this.#byPartition.set(partition, followed);
    }
    followed.asked = asked;
    followed.epoch = asked.leaderEpoch;
    this.#change(followed);
  }

  /** Its ends have moved. */
  acknowledge(partition: Partition): void {
    const followed = this.#byPartition.get(partition);
    if (followed !== undefined && !isTold(followed)) this.#change(followed);
  }

  leave(partition: Partition): void {
    const followed = this.#byPartition.get(partition);
    if (followed === undefined) return;
    this.#byPartition.delete(partition);
    this.#followed.delete(followed.id);
    this.#changed.delete(followed);
    if (!followed.introduced) return;
    this.#forgotten.push(followed.id);
    this.#arm();
  }

  close(): void {
    const state = this.#state;
    this.#state = { kind: 'closed' };
    this.#check?.cancel();
    this.#creditTick?.cancel();
    if (state.kind === 'waiting') state.timer.cancel();
    if (state.kind === 'open') state.call.cancel();
    this.#channel?.channel.close();
    this.#channel = undefined;
  }

  #change(followed: Followed): void {
    this.#changed.add(followed);
    this.#arm();
  }

  /** All that moves in one turn is told at its end. */
  #arm(): void {
    if (this.#armed || this.#blocked || this.#state.kind !== 'open') return;
    this.#armed = true;
    this.#deps.scheduler.nextTurn(() => {
      this.#armed = false;
      this.#tell();
    });
  }

  #tell(): void {
    const state = this.#state;
    if (state.kind !== 'open' || this.#blocked) return;
    if (this.#forgotten.length > 0) {
      state.call.send({ frame: { $case: 'forget', value: { positionIds: this.#forgotten } } });
      this.#forgotten = [];
    }
    const positions: ReplicaPosition[] = [];
    for (const followed of this.#changed) {
      if (positions.length === POSITIONS_MAX) break;
      this.#changed.delete(followed);
      const position = positionOf(followed);
      if (position !== undefined) positions.push(position);
    }
    if (positions.length > 0) this.#blocked = !state.call.send({ frame: { $case: 'positions', value: { positions } } });
    this.#giveCredit(state.call);
    if (this.#changed.size > 0) this.#arm();
  }

  #giveCredit(call: ClientCall<ReplicateRequest>): void {
    const bytes = this.#credit.due();
    if (bytes > 0) call.send({ frame: { $case: 'credit', value: { bytes } } });
  }

  /** Credit that a throttle holds back comes with time, not with what was taken in. */
  #tickCredit(): void {
    this.#creditTick?.cancel();
    if (!this.isThrottled) return;
    this.#creditTick = this.#deps.wheel.after(THROTTLE_TICK_MS, () => {
      if (this.#state.kind !== 'open') return;
      if (!this.#blocked) this.#giveCredit(this.#state.call);
      this.#tickCredit();
    });
  }

  #connect(): void {
    if (this.#state.kind !== 'waiting') return;
    const { cluster, brokerId, brokerEpoch, clock } = this.#deps;
    const clusterId = cluster.current.cluster?.clusterId;
    const epoch = brokerEpoch();
    const channel = this.#channelToLeader();
    if (channel === undefined || epoch === undefined || clusterId === undefined) {
      this.#wait();
      return;
    }
    let call: ClientCall<ReplicateRequest> | undefined;
    const mine = (): boolean => this.#state.kind === 'open' && this.#state.call === call;
    call = openStream(
      channel,
      replicationService.replicate,
      {},
      {
        message: (message) => {
          if (mine()) this.#receive(message);
        },
        drained: () => {
          if (!mine()) return;
          this.#blocked = false;
          this.#arm();
        },
        closed: (error) => {
          if (mine()) this.#broken(error);
        },
      },
    );
    this.#state = { kind: 'open', call, heardMs: clock.monotonicMs() };
    this.#blocked = false;
    this.#forgotten = [];
    const creditBytes = this.#credit.open();
    const open = { clusterId, brokerId, brokerEpoch: epoch, leaderId: this.leaderId };
    call.send({ frame: { $case: 'open', value: { ...open, creditBytes, maxMessageBytes: MESSAGE_BYTES_MAX } } });
    this.#watchSilence();
    this.#tickCredit();
    for (const followed of [...this.#followed.values()]) {
      followed.introduced = false;
      followed.partition.following?.connected();
    }
  }

  /** The leader's channel, made anew when its address has changed; undefined while it has none. */
  #channelToLeader(): Channel | undefined {
    const endpoint = this.#deps.cluster.current.brokers.get(this.leaderId)?.endpoints.get(INTERNAL_LISTENER);
    if (endpoint === undefined) return undefined;
    const address = `${endpoint.host}:${endpoint.port}`;
    if (this.#channel?.address !== address) {
      this.#channel?.channel.close();
      this.#channel = { address, channel: this.#deps.connector.connect(address) };
    }
    return this.#channel.channel;
  }

  #receive({ frame }: ReplicateResponse): void {
    if (this.#state.kind !== 'open') return;
    this.#state.heardMs = this.#deps.clock.monotonicMs();
    this.#backOff.reset();
    this.#patienceMs = SILENCE_MS.first;
    if (frame?.$case !== 'news') return;
    let bytes = 0;
    for (const news of frame.value.partitions) {
      bytes += news.recordBatches.length;
      this.#pass(news);
    }
    if (bytes === 0) return;
    this.#deps.metrics.bytesIn.add(bytes);
    if (this.#credit.took(bytes)) this.#arm();
  }

  #pass(news: PartitionNews): void {
    const followed = this.#followed.get(news.positionId);
    // Left meanwhile; or it has something newer to ask, to which this is no answer.
    if (followed === undefined || followed.asked !== undefined) return;
    // It may not have found the partition, and so not know the id.
    if (news.error !== undefined) followed.introduced = false;
    followed.partition.following?.news(news);
  }

  #watchSilence(): void {
    this.#check?.cancel();
    this.#check = this.#deps.wheel.after(SILENCE_CHECK_MS, () => {
      const state = this.#state;
      if (state.kind !== 'open') return;
      const silentMs = this.#deps.clock.monotonicMs() - state.heardMs;
      if (silentMs <= this.#patienceMs) {
        this.#watchSilence();
        return;
      }
      this.#deps.logger.warn('a leader says nothing', { leaderId: this.leaderId, silentMs: Math.round(silentMs) });
      this.#patienceMs = Math.min(SILENCE_MS.longest, 2 * this.#patienceMs);
      this.#broken(undefined);
      state.call.cancel();
    });
  }

  #broken(error: MoldauError | undefined): void {
    this.#check?.cancel();
    this.#creditTick?.cancel();
    this.#deps.metrics.streamBreaks.add(1);
    this.#deps.logger.debug('no stream to a leader', { leaderId: this.leaderId, reason: error?.reason, error: error?.message });
    this.#wait();
  }

  #wait(): void {
    const timer = this.#deps.scheduler.after(this.#backOff.next(), () => this.#connect(), { background: true });
    this.#state = { kind: 'waiting', timer };
  }
}
