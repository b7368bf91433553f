import type { PartitionIndex, TopicId } from '@moldau/kernel';
import type { TopicPartitions } from '../partitions/partition-map.ts';
import type { MemberAssignment } from '../result.ts';

/** A message on its way to the shard. */
export type ModelMessage =
  | { readonly type: 'join' }
  | {
      readonly type: 'heartbeat';
      readonly memberEpoch: number;
      readonly topicNames: readonly string[] | undefined;
      readonly released: number;
    }
  | { readonly type: 'leave'; readonly memberEpoch: number; readonly returning: boolean }
  | {
      readonly type: 'commit';
      readonly memberEpoch: number;
      readonly topicId: TopicId;
      readonly partition: PartitionIndex;
      readonly offset: number;
      /** Of what it gave up long ago. */
      readonly late: boolean;
    };

/** A member as a client is one: it hears late, says late, and reads what it was told to until it has given it up. */
export class ModelClient {
  readonly memberId: string;
  readonly instanceId: string | undefined;
  readonly rack: string;
  topicNames: readonly string[];
  topicPattern: string | undefined;
  /** What it was told and has not looked at. */
  readonly inbox: MemberAssignment[] = [];
  readonly outbox: ModelMessage[] = [{ type: 'join' }];
  joined = false;
  /** The shard removed it, whether it knows or not. */
  fenced = false;
  /** Says nothing any more. */
  crashed = false;
  /** Newest epoch it looked at, and newest it carried out. */
  seenEpoch = 0;
  doneEpoch = 0;
  /** What it reads now, as keys, each with the epoch at which it saw it first. */
  readonly reading = new Map<string, { readonly topicId: TopicId; readonly partition: PartitionIndex }>();
  /** What it gave up, in order, each with the newest epoch at which it had it. */
  readonly released: { readonly topicId: TopicId; readonly partition: PartitionIndex; readonly memberEpoch: number }[] = [];
  /** How many of them the shard has been told of. */
  releasesTold = 0;
  #wanted: TopicPartitions = new Map();

  constructor(options: Pick<ModelClient, 'memberId' | 'instanceId' | 'rack' | 'topicNames' | 'topicPattern'>) {
    this.memberId = options.memberId;
    this.instanceId = options.instanceId;
    this.rack = options.rack;
    this.topicNames = options.topicNames;
    this.topicPattern = options.topicPattern;
  }

  /** Looks at the next thing it was told: new partitions it reads at once. */
  hear(): void {
    const assignment = this.inbox.shift();
    if (assignment === undefined) return;
    if (this.joined && assignment.memberEpoch <= this.seenEpoch) return;
    this.joined = true;
    this.seenEpoch = assignment.memberEpoch;
    this.#wanted = assignment.assigned;
    for (const [topicId, partitions] of assignment.assigned) {
      for (const partition of partitions) this.reading.set(`${topicId}-${partition}`, { topicId, partition });
    }
    if (this.surplus().length === 0) this.doneEpoch = this.seenEpoch;
  }

  /** Gives up what it is to give up. */
  release(): void {
    for (const key of this.surplus()) {
      const place = this.reading.get(key);
      if (place !== undefined) this.released.push({ ...place, memberEpoch: this.doneEpoch });
      this.reading.delete(key);
    }
    if (this.joined) this.doneEpoch = this.seenEpoch;
  }

  beat(topicNames?: readonly string[]): void {
    if (!this.joined) return;
    if (topicNames !== undefined) this.topicNames = topicNames;
    this.outbox.push({ type: 'heartbeat', memberEpoch: this.doneEpoch, topicNames, released: this.released.length });
  }

  leave(returning: boolean): void {
    this.reading.clear();
    this.crashed = true;
    if (this.joined) this.outbox.push({ type: 'leave', memberEpoch: this.doneEpoch, returning });
  }

  /** The stream broke: what was on its way is lost, and it joins again as the member that it is. */
  reconnect(): void {
    this.inbox.length = 0;
    this.outbox.length = 0;
    this.outbox.push({ type: 'join' });
  }

  surplus(): readonly string[] {
    return [...this.reading].filter(([, each]) => this.#wanted.get(each.topicId)?.includes(each.partition) !== true).map(([key]) => key);
  }
}
