import { MoldauError, type Timer } from '@moldau/kernel';
import type { MembershipAssignment, ReadRecord } from '@moldau/protocol';
import type { MembershipFrame } from '../groups/member-session.ts';
import type { RequestContext } from '../request/request-context.ts';
import type { LongStream } from '../request/stream-registry.ts';
import { Deliveries } from './deliveries.ts';
import { DeliveryPump } from './delivery-pump.ts';
import { Heartbeats } from './heartbeats.ts';
import type { HeldPartition } from './held-partition.ts';
import { byTopic, Holdings } from './holdings.ts';
import { notAcknowledged } from './not-acknowledged.ts';
import { PartitionStarts } from './partition-starts.ts';
import { PositionCommits } from './position-commits.ts';
import { Revocation } from './revocation.ts';
import type { SubscribeTerms } from './subscribe-terms.ts';
import type { SubscribedMember, SubscribeFrame, SubscriptionPorts, SubscriptionSink } from './subscription-ports.ts';

/** Ids of deliveries begin below this, at random. */
const FIRST_ID_LIMIT = 2 ** 40;

/**
 * A member of a group that this broker is in the name of a client: it joins, reads what it is assigned, delivers, and commits what is
 * acknowledged.
 *
 *   serving   the client is connected
 *   detached  its stream broke: the membership is kept for a while, and nothing is delivered
 *   leaving   what was acknowledged is committed, then it leaves
 *   parting   this broker stops: what was acknowledged is committed, then the client may go on at another one
 *   over      the membership is another's, or nobody's
 *
 * Moves: serving → detached, leaving, parting; detached → leaving; each → over.
 */
type State = 'serving' | 'detached' | 'leaving' | 'parting' | 'over';

export class Subscription implements LongStream {
  readonly terms: SubscribeTerms;
  readonly #ports: SubscriptionPorts;
  readonly #sink: SubscriptionSink;
  readonly #onOver: () => void;
  readonly #member: SubscribedMember;
  readonly #deliveries: Deliveries<HeldPartition>;
  readonly #holdings = new Holdings();
  readonly #commits: PositionCommits;
  readonly #starts: PartitionStarts;
  readonly #pump: DeliveryPump;
  readonly #revocation: Revocation;
  readonly #heartbeats: Heartbeats;
  #state: State = 'serving';
  #blocked = false;
  #joined = false;
  #grace: Timer | undefined;
  /** The newest member epoch that it was told. */
  #toldEpoch = 0;

  /** `context`: without a deadline, since a membership outlives its stream. `onOver` runs once, when it is over. */
  constructor(ports: SubscriptionPorts, terms: SubscribeTerms, context: RequestContext, sink: SubscriptionSink, onOver: () => void) {
    const { scheduler, logger, random } = ports;
    this.terms = terms;
    this.#ports = ports;
    this.#sink = sink;
    this.#onOver = onOver;
    this.#deliveries = new Deliveries(1 + random.below(FIRST_ID_LIMIT));
    this.#member = ports.member(terms.join, context, { tell: (frame) => this.#told(frame), over: (error) => this.#ended(error) });
    this.#commits = new PositionCommits({
      ...{ scheduler, logger },
      committable: (partition) => this.#deliveries.firstOf(partition) ?? partition.delivered,
      send: (value) => this.#member.hear({ $case: 'commit', value }),
      answered: () => this.#committed(),
    });
    this.#starts = new PartitionStarts({
      ...{ scheduler, logger, latest: terms.latest },
      committed: (partitions) => ports.committed(terms.join, this.#toldEpoch, partitions, context),
      source: (partition) => ports.source(partition, terms.isolation, context),
      started: (partition) => this.#started(partition),
    });
    this.#heartbeats = new Heartbeats(scheduler, () => this.#live());
    this.#pump = new DeliveryPump({
      ...{ ports, maxBytes: terms.maxBytes, room: () => this.#room() },
      deliver: (partition, from, records) => this.#deliver(partition, from, records),
      reset: (partition, from) => this.#reset(partition, from),
    });
    this.#revocation = new Revocation({
      ...{ scheduler, waitMs: terms.revocationWaitMs },
      isDone: (partition) => this.#state !== 'serving' || this.#deliveries.firstOf(partition) === undefined,
      giveUp: (partitions) => this.#giveUp(partitions),
      carriedOut: () => this.#live(),
    });
  }

  get isOver(): boolean {
    return this.#state === 'over';
  }

  get isLeaving(): boolean {
    return this.#state === 'leaving';
  }

  open(): void {
    this.#member.open();
  }

  acknowledge(deliveryIds: readonly number[]): void {
    if (this.#state !== 'serving') return;
    const unknown: number[] = [];
    for (const id of deliveryIds) {
      const partition = this.#deliveries.acknowledge(id);
      if (partition === undefined) unknown.push(id);
      else this.#commits.mark(partition);
    }
    this.#commits.flush();
    this.#revocation.check();
    if (unknown.length > 0) this.#tell(notAcknowledged(unknown));
    this.#pump.run();
  }

  /** Commits what was acknowledged, leaves the group, and ends the stream. */
  leave(): void {
    if (this.#state !== 'serving') return;
    this.#state = 'leaving';
    this.#finishCommits();
  }

  drained(): void {
    this.#blocked = false;
    this.#pump.run();
  }

  /** The client's stream is over. */
  detach(): void {
    if (this.#state === 'parting') return this.#over();
    if (this.#state !== 'serving') return;
    this.#state = 'detached';
    this.#commits.flush({ now: true });
    this.#revocation.check();
    this.#grace = this.#ports.scheduler.after(this.terms.reconnectGraceMs, () => this.goNow());
  }

  /** Nobody came back. */
  goNow(): void {
    if (this.#state !== 'detached') return;
    this.#state = 'leaving';
    this.#finishCommits();
  }

  /** Another stream takes the member over. */
  supersede(): void {
    this.#commits.flush({ now: true });
    const { groupId, memberId } = this.terms.join;
    this.#ended(new MoldauError('FENCED_INSTANCE', 'another stream has taken the member over', { group: groupId, member: memberId }));
  }

  goAway(message: string): void {
    if (this.#state === 'detached') this.#over();
    if (this.#state !== 'serving') return;
    this.#sink.send({ $case: 'goAway', value: { message, address: undefined } });
    this.#state = 'parting';
    this.#finishCommits();
  }

  abandon(): void {
    this.#ended(new MoldauError('SHUTTING_DOWN', 'the broker is stopping', {}));
  }

  #told(frame: MembershipFrame): void {
    if (this.#state === 'over') return;
    switch (frame.$case) {
      case 'joined': {
        const { settings, assignment } = frame.value;
        this.#joined = true;
        this.#tell({ $case: 'joined', value: { memberId: this.terms.join.memberId } });
        if (settings !== undefined) this.#heartbeats.every(settings.heartbeatIntervalMs);
        if (assignment !== undefined) this.#assigned(assignment);
        return;
      }
      case 'assignment':
        this.#assigned(frame.value);
        return;
      case 'settings':
        this.#heartbeats.every(frame.value.heartbeatIntervalMs);
        return;
      case 'committed':
        this.#commits.answered(frame.value);
        return;
      case 'goAway':
        return;
    }
  }

  /** Says that the member lives, and what it has carried out. */
  #live(): void {
    const { oldestMs } = this.#deliveries;
    const isWorking = this.#state === 'serving' && oldestMs !== undefined;
    const processingForMs = isWorking ? Math.round(this.#ports.clock.monotonicMs() - oldestMs) : undefined;
    this.#member.hear({ $case: 'heartbeat', value: { memberEpoch: this.#revocation.carriedOutEpoch, processingForMs } });
  }

  #assigned(assignment: MembershipAssignment): void {
    this.#toldEpoch = assignment.memberEpoch;
    const { added, revoking, lost } = this.#holdings.change(assignment);
    this.#drop(lost);
    for (const { topic, partitions } of byTopic(added)) this.#tell({ $case: 'assigned', value: { topic, partitions } });
    this.#starts.add(added);
    this.#revocation.begin(assignment.memberEpoch, revoking);
  }

  #started(partition: HeldPartition): void {
    if (partition.state === 'anchoring') {
      this.#commits.mark(partition);
      this.#commits.flush();
    }
    this.#pump.add(partition);
  }

  #room(): number {
    if (this.#state !== 'serving' || this.#blocked || !this.#joined) return 0;
    return Math.max(0, this.terms.maxUnacknowledged - this.#deliveries.records);
  }

  #deliver(partition: HeldPartition, from: number, records: readonly ReadRecord[]): void {
    const end = partition.position?.nextOffset ?? from;
    partition.delivered = end;
    if (records.length === 0) {
      // Only what nobody sees, as markers of transactions: the group is past it.
      if (end > from && partition.committed !== undefined && this.#deliveries.firstOf(partition) === undefined) {
        this.#commits.mark(partition);
        this.#commits.flush();
      }
      return;
    }
    const deliveryId = this.#deliveries.add(partition, from, records.length, this.#ports.clock.monotonicMs());
    const { topic, index } = partition;
    this.#tell({ $case: 'delivery', value: { deliveryId, topic, partition: index, records: [...records] } });
  }

  #reset({ topic, index, delivered }: HeldPartition, fromOffset: number): void {
    this.#tell({ $case: 'reset', value: { topic, partition: index, fromOffset, toOffset: delivered } });
  }

  #giveUp(partitions: readonly HeldPartition[]): void {
    this.#commits.flush({ now: true });
    this.#drop(partitions);
  }

  #drop(partitions: readonly HeldPartition[]): void {
    const dropped = partitions.filter((partition) => this.#holdings.drop(partition));
    for (const partition of dropped) {
      this.#commits.forget(partition);
      this.#pump.remove(partition);
    }
    for (const { topic, partitions: indexes } of byTopic(dropped)) {
      const deliveryIds = dropped.filter((each) => each.topic === topic).flatMap((each) => this.#deliveries.drop(each));
      this.#tell({ $case: 'revoked', value: { topic, partitions: indexes, deliveryIds } });
    }
    if (dropped.length > 0) this.#pump.run();
  }

  #committed(): void {
    for (const partition of this.#holdings) {
      if (partition.state === 'anchoring' && partition.committed !== undefined) partition.state = 'reading';
    }
    this.#pump.run();
    if (this.#state === 'leaving' || this.#state === 'parting') this.#finishCommits();
  }

  /** Leaves, or parts, once all that was acknowledged is committed. */
  #finishCommits(): void {
    this.#revocation.check();
    this.#commits.flush({ now: true });
    if (this.#joined && !this.#commits.isIdle) return;
    if (this.#state === 'parting') this.#ended(undefined);
    else if (this.#joined) this.#member.hear({ $case: 'leave', value: { returning: this.#isReturning() } });
    else this.#ended(undefined);
  }

  /** A static member that did not say that it goes may come back. */
  #isReturning(): boolean {
    return this.#grace !== undefined && this.terms.join.instanceId !== undefined;
  }

  #tell(frame: SubscribeFrame): void {
    if (this.#state === 'detached' || this.#state === 'over') return;
    if (!this.#sink.send(frame)) this.#blocked = true;
  }

  #ended(error: MoldauError | undefined): void {
    if (this.#state === 'over') return;
    const isConnected = this.#state !== 'detached' && this.#grace === undefined;
    this.#over();
    if (isConnected) this.#sink.end(error);
  }

  #over(): void {
    this.#state = 'over';
    this.#grace?.cancel();
    for (const part of [this.#heartbeats, this.#revocation, this.#starts, this.#commits]) part.close();
    for (const partition of [...this.#holdings]) this.#holdings.drop(partition);
    this.#member.close();
    this.#onOver();
  }
}
