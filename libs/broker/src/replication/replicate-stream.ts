import { type Logger, MoldauError } from '@moldau/kernel';
import {
  composeReplicaNews,
  type ReplicaPosition,
  type ReplicateOpen,
  type ReplicateRequest,
  type ReplicateResponse,
  type ServerCall,
  type ServerStreamEvents,
} from '@moldau/protocol';
import { StreamSilence } from '../fetch/stream-silence.ts';
import type { ByteBudget } from '../limits/byte-budget.ts';
import type { Deadline, DeadlineWheel } from '../limits/deadline-wheel.ts';
import type { TurnShare } from '../limits/turn-share.ts';
import type { ClusterState } from '../metadata/cluster-state.ts';
import type { Partition, PartitionWatcher } from '../partition/partition.ts';
import type { GrowthWatcher } from '../partition/partition-deps.ts';
import type { PartitionTable } from '../partition/partition-table.ts';
import { assertCount, invalidField } from '../produce/produce-terms.ts';
import type { LongStream, StreamRegistry } from '../request/stream-registry.ts';
import { type Delivery, LeaderPosition } from './leader-position.ts';
import { LeaderPositions } from './leader-positions.ts';
import { ReadyPositions } from './ready-positions.ts';
import { assertLife, endsOf, followerStalled, outOfOrder, type ReplicateTerms, replicateTerms } from './replicate-terms.ts';
import type { ReplicationMetrics } from './replication-metrics.ts';

/** Silence after which the leader says that it is there; a follower that takes nothing for 20 of them is as good as gone. */
const SILENCE = { heartbeatMs: 500, stalledHeartbeatsMax: 20 };
/** How late a follower may hear of a high watermark when no batch carries it: under load one always does. */
const WATERMARK_DELAY_MS = 10;
const POSITIONS_MAX = 10_000;

export interface ReplicateDeps {
  readonly brokerId: ReplicateTerms['follower'];
  readonly logger: Logger;
  readonly wheel: DeadlineWheel;
  readonly cluster: ClusterState;
  readonly table: PartitionTable;
  readonly budget: ByteBudget;
  readonly share: TurnShare;
  readonly metrics: ReplicationMetrics;
  readonly streams: StreamRegistry;
}

/** opening → serving → closed. */
type Phase = { readonly kind: 'opening' } | { readonly kind: 'serving'; readonly terms: ReplicateTerms } | { readonly kind: 'closed' };

/**
 * `ReplicationService.Replicate`, the leader's side: pushes what is new in each partition that the follower asked for, up to
 * the written end, in turn, within the follower's credit; notes where the follower stands. One message is in the making at
 * a time and none while the follower does not drain.
 */
export class ReplicateStream implements ServerStreamEvents<ReplicateRequest>, PartitionWatcher, GrowthWatcher, LongStream {
  readonly #deps: ReplicateDeps;
  readonly #call: ServerCall<ReplicateResponse>;
  readonly #positions: LeaderPositions;
  /** Positions that may have something to send. */
  readonly #ready = new ReadyPositions(() => this.#arm());
  /** Answers to what was asked: they cost no credit and go first. */
  #answers: Delivery[] = [];
  #phase: Phase = { kind: 'opening' };
  #creditBytes = 0;
  #blocked = false;
  #armed = false;
  /** Budget held for the message on its way. */
  #heldBytes = 0;
  readonly #silence: StreamSilence;
  /** Positions that owe a watermark, looked at when the deadline comes. */
  readonly #owing = new Set<LeaderPosition>();
  #watermarks: Deadline | undefined;
  #unlisten: (() => void) | undefined;
  /** One function, so that the budget calls back once however often it was asked. */
  readonly #retry = (): void => this.#arm();

  constructor(deps: ReplicateDeps, call: ServerCall<ReplicateResponse>) {
    this.#deps = deps;
    this.#call = call;
    this.#positions = new LeaderPositions(deps.table, this);
    this.#silence = new StreamSilence(
      deps.wheel,
      {
        blocked: () => this.#blocked,
        heartbeat: () => void (this.#blocked = !call.send({ frame: { $case: 'heartbeat', value: {} } })),
        stalled: (limitMs) => call.close(followerStalled(limitMs)),
      },
      SILENCE,
    );
    deps.streams.add(this);
  }

  message({ frame }: ReplicateRequest): void {
    const phase = this.#phase;
    if (phase.kind === 'closed') return;
    if (frame === undefined) throw new MoldauError('INVALID_REQUEST', 'a message of the stream has no frame', { field: 'frame' });
    if (phase.kind === 'opening' || frame.$case === 'open') {
      if (phase.kind !== 'opening' || frame.$case !== 'open') throw outOfOrder(frame.$case);
      this.#open(frame.value);
      return;
    }
    switch (frame.$case) {
      case 'positions':
        assertCount('positions', frame.value.positions.length, POSITIONS_MAX);
        for (const position of frame.value.positions) this.#hear(position, phase.terms);
        break;
      case 'forget':
        for (const id of frame.value.positionIds) this.#forget(id);
        return;
      case 'credit':
        if (frame.value.bytes < 1) throw invalidField('credit.bytes', frame.value.bytes, '≥ 1');
        this.#creditBytes += frame.value.bytes;
        break;
    }
    this.#arm();
  }

  drained(): void {
    this.#blocked = false;
    this.#silence.clientRead();
    this.#release();
    this.#arm();
  }

  ended(): void {
    this.#call.close();
  }

  closed(): void {
    this.#phase = { kind: 'closed' };
    this.#silence.stop();
    this.#watermarks?.cancel();
    this.#unlisten?.();
    this.#positions.clear();
    this.#ready.clear();
    this.#owing.clear();
    this.#answers = [];
    this.#release();
    this.#deps.streams.remove(this);
  }

  /** Followers are not sent away: what is unanswered needs them until the leaders have moved. */
  goAway(): void {}

  abandon(): void {
    if (this.#phase.kind !== 'closed') this.#call.close(new MoldauError('SHUTTING_DOWN', 'the broker is stopping', {}));
  }

  /** The high watermark moved, or the partition is not led here any more. */
  partitionMoved(partition: Partition): void {
    const position = this.#positions.of(partition);
    if (position === undefined || !position.isSending) return;
    if (partition.kind !== 'leading') {
      this.#ready.add(position);
      this.#arm();
      return;
    }
    this.#owing.add(position);
    this.#watermarks ??= this.#deps.wheel.after(WATERMARK_DELAY_MS, () => this.#tellWatermarks());
  }

  /** The log's written end moved. */
  partitionGrew(partition: Partition): void {
    const position = this.#positions.of(partition);
    if (position === undefined || !position.isSending) return;
    this.#ready.add(position);
    this.#arm();
  }

  #open(open: ReplicateOpen): void {
    const { cluster, brokerId } = this.#deps;
    const terms = replicateTerms(open, brokerId, cluster.image);
    this.#phase = { kind: 'serving', terms };
    this.#creditBytes = terms.creditBytes;
    const { follower, followerEpoch } = terms;
    this.#unlisten = cluster.listen(({ image, delta }) => {
      if (delta !== undefined && !delta.brokers.has(follower)) return;
      try {
        assertLife(follower, followerEpoch, image);
      } catch (caught) {
        this.#call.close(MoldauError.from(caught));
      }
    });
    this.#silence.restart();
  }

  #hear(heard: ReplicaPosition, { follower, followerEpoch }: ReplicateTerms): void {
    const known = this.#positions.get(heard.positionId);
    // A replica that was closed may be here again; the follower that was told introduces it anew.
    if (known?.partition.kind === 'closed') this.#forget(known.id);
    const position = this.#positions.get(heard.positionId) ?? this.#introduce(heard);
    if (position === undefined) return;
    if (heard.lastFetchedEpoch !== undefined) {
      const answer = position.ask(heard);
      if (answer !== undefined) {
        this.#answer(answer);
        return;
      }
      this.#ready.add(position);
    }
    // What the follower has beyond where the logs part, or had in another epoch, must not count: not in a later leadership of this
    // broker either, before the follower was told that the one it followed is over. The log may have been cut in between.
    const { leadership } = position.partition;
    if (!position.agrees || heard.leaderEpoch !== position.epoch || heard.leaderEpoch !== leadership?.epoch) return;
    leadership.followed(follower, followerEpoch, endsOf(heard));
  }

  #introduce(heard: ReplicaPosition): LeaderPosition | undefined {
    const introduced = this.#positions.introduce(heard);
    if (introduced instanceof LeaderPosition) return introduced;
    this.#answer(introduced);
    return undefined;
  }

  #forget(id: number): void {
    const position = this.#positions.forget(id);
    if (position === undefined) return;
    this.#ready.delete(position);
    this.#owing.delete(position);
  }

  #answer(answer: Delivery): void {
    this.#answers.push(answer);
    this.#arm();
  }

  #tellWatermarks(): void {
    this.#watermarks = undefined;
    for (const position of this.#owing) if (position.owesWatermark) this.#ready.add(position);
    this.#owing.clear();
    this.#arm();
  }

  /** All that moves in one turn is sent in the next. */
  #arm(): void {
    if (this.#armed || this.#blocked || this.#phase.kind !== 'serving') return;
    if (this.#answers.length === 0 && this.#ready.size === 0) return;
    this.#armed = true;
    this.#deps.share.whenNextTurn(() => {
      this.#armed = false;
      this.#work();
    });
  }

  #work(): void {
    if (this.#phase.kind !== 'serving' || this.#blocked) return;
    const wantedBytes = Math.max(0, Math.min(this.#phase.terms.messageBytes, this.#creditBytes));
    if (!this.#deps.budget.tryTake(wantedBytes)) {
      this.#deps.budget.whenFreed(this.#retry);
      return;
    }
    const deliveries = this.#answers;
    this.#answers = [];
    const sentBytes = this.#ready.collect(deliveries, wantedBytes);
    // A batch may be larger than what was asked for; it is of one read, and counted while others wait.
    this.#heldBytes += wantedBytes;
    if (deliveries.length > 0) this.#send(deliveries, sentBytes);
    else this.#release();
    if (this.#hasWork()) this.#arm();
  }

  #hasWork(): boolean {
    return this.#answers.length > 0 || (this.#ready.size > 0 && this.#creditBytes > 0);
  }

  #send(deliveries: readonly Delivery[], sentBytes: number): void {
    const { logger, metrics, share } = this.#deps;
    let writable: boolean;
    try {
      writable = this.#call.sendComposed(composeReplicaNews(deliveries.map(({ news }) => news)));
    } finally {
      for (const { release } of deliveries) release();
    }
    for (const { news, failure: error } of deliveries) {
      if (error === undefined) continue;
      metrics.failed(error.reason);
      if (error.reason === 'INTERNAL')
        logger.error('a partition is not sent by a bug', { positionId: news.head.positionId, error: error.cause });
    }
    this.#creditBytes -= sentBytes;
    if (sentBytes > 0) {
      share.spend(sentBytes);
      metrics.bytesOut.add(sentBytes);
    }
    this.#silence.restart();
    if (writable) this.#release();
    else this.#blocked = true;
  }

  #release(): void {
    const heldBytes = this.#heldBytes;
    this.#heldBytes = 0;
    this.#deps.budget.give(heldBytes);
  }
}
