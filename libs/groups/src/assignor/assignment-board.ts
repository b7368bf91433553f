import { assert, type PartitionIndex, type TopicId } from '@moldau/kernel';
import { PartitionGatherer } from '../partitions/partition-map.ts';
import { type Assignment, type AssignmentInput, type AssignorMember, type AssignorTopic, STEP_WORK } from './assignor.ts';

/** Topics that the same members subscribe to. */
export interface SubscriberClass {
  readonly members: readonly number[];
  /** The least loaded of its members, the first of several; undefined: to be found again. */
  least: number | undefined;
}

export interface BoardTopic {
  readonly topic: AssignorTopic;
  readonly classAt: number;
  /** Number of its partition 0 on the board. */
  readonly base: number;
}

const NOBODY = -1;
/** Looking a partition up by its topic costs about as much as so many comparisons of loads. */
const KEPT_WORK = 32;

/**
 * Where assignors work: members and partitions by number, who has which, and how many each has. Members are ordered by instance
 * id, else member id, topics by id.
 */
export class AssignmentBoard {
  readonly members: readonly AssignorMember[];
  readonly topics: readonly BoardTopic[];
  readonly classes: readonly SubscriberClass[];
  /** How many partitions each member has. */
  readonly loads: Int32Array;
  /** Operations since the last step. */
  work = 0;
  readonly #classesOf: readonly number[][];
  readonly #subscriptions: ReadonlyMap<readonly TopicId[], ReadonlySet<TopicId>>;
  readonly #topicsById: ReadonlyMap<TopicId, BoardTopic>;
  readonly #owners: Int32Array;
  readonly #topicOf: Int32Array;

  constructor(input: AssignmentInput) {
    this.members = [...input.members].sort((one, other) => (orderOf(one) < orderOf(other) ? -1 : 1));
    const subscriptions = new Set(this.members.map(({ topics }) => topics));
    this.#subscriptions = new Map([...subscriptions].map((topics) => [topics, new Set(topics)]));
    const { topics, classes } = classify(this.members, input.topics);
    this.topics = topics;
    this.classes = classes;
    this.#topicsById = new Map(topics.map((each) => [each.topic.topicId, each]));
    this.#classesOf = this.members.map(() => []);
    for (const [classAt, { members }] of classes.entries()) for (const member of members) this.#classesOf[member]?.push(classAt);
    this.loads = new Int32Array(this.members.length);
    const last = topics.at(-1);
    const size = last === undefined ? 0 : last.base + last.topic.partitions;
    this.#owners = new Int32Array(size).fill(NOBODY);
    this.#topicOf = new Int32Array(size);
    for (const [topicAt, { base, topic }] of topics.entries()) this.#topicOf.fill(topicAt, base, base + topic.partitions);
  }

  /** How many partitions are on the board. */
  get size(): number {
    return this.#owners.length;
  }

  topicOf(partition: number): BoardTopic {
    const topic = this.topics[this.#topicOf[partition] ?? NOBODY];
    assert(topic !== undefined, 'a partition of the board has a topic', { partition });
    return topic;
  }

  ownerOf(partition: number): number | undefined {
    const owner = this.#owners[partition] ?? NOBODY;
    return owner === NOBODY ? undefined : owner;
  }

  load(member: number): number {
    return this.loads[member] ?? 0;
  }

  racksOf(partition: number): readonly string[] {
    const { topic, base } = this.topicOf(partition);
    return topic.racksOf(partition - base);
  }

  mayHold(member: number, partition: number): boolean {
    const subscription = this.members[member]?.topics;
    return subscription !== undefined && this.#subscriptions.get(subscription)?.has(this.topicOf(partition).topic.topicId) === true;
  }

  /** Gives `partition` to `member`, whoever had it. */
  give(partition: number, member: number): void {
    const before = this.ownerOf(partition);
    if (before === member) return;
    if (before !== undefined) this.#changeLoad(before, -1);
    this.#owners[partition] = member;
    this.#changeLoad(member, 1);
  }

  /** The member of a class that has least, the first of several. */
  least(classAt: number): number {
    const found = this.classes[classAt];
    assert(found !== undefined && found.members.length > 0, 'a class has members', { classAt });
    if (found.least === undefined) {
      let best = found.members[0] ?? 0;
      for (const member of found.members) if (this.load(member) < this.load(best)) best = member;
      found.least = best;
      this.work += found.members.length;
    }
    return found.least;
  }

  /** Gives every member what it had and may still hold. */
  *keepCurrent(): Generator<undefined, void> {
    for (const [member, { current }] of this.members.entries()) {
      for (const [topicId, partitions] of current) {
        const topic = this.#topicsById.get(topicId);
        if (topic === undefined || !this.mayHold(member, topic.base)) continue;
        for (const partition of partitions) {
          const at = topic.base + partition;
          if (partition < topic.topic.partitions && this.ownerOf(at) === undefined) this.give(at, member);
        }
        this.work += partitions.length * KEPT_WORK;
      }
      if (this.pause()) yield;
    }
  }

  /** Whether a step's work is done. */
  pause(): boolean {
    this.work += 8;
    if (this.work < STEP_WORK) return false;
    this.work = 0;
    return true;
  }

  *finish(): Generator<undefined, Assignment> {
    yield;
    const gathered = this.members.map(() => new PartitionGatherer());
    for (const { topic, base } of this.topics) {
      for (let index = 0; index < topic.partitions; index++) {
        const owner = this.ownerOf(base + index);
        if (owner !== undefined) gathered[owner]?.add(topic.topicId, index as PartitionIndex);
      }
      this.work += topic.partitions * KEPT_WORK;
      if (this.pause()) yield;
    }
    return new Map(this.members.map(({ memberId }, at) => [memberId, (gathered[at] ?? new PartitionGatherer()).finish()]));
  }

  #changeLoad(member: number, change: 1 | -1): void {
    const load = this.load(member) + change;
    this.loads[member] = load;
    const classesOf = this.#classesOf[member] ?? [];
    this.work += classesOf.length;
    for (const classAt of classesOf) {
      const each = this.classes[classAt];
      if (each?.least === undefined) continue;
      if (change === 1) {
        if (each.least === member) each.least = undefined;
      } else if (load < this.load(each.least) || (load === this.load(each.least) && member < each.least)) {
        each.least = member;
      }
    }
  }
}

function orderOf({ instanceId, memberId }: AssignorMember): string {
  return instanceId === undefined ? `1${memberId}` : `0${instanceId}`;
}

/** Topics in order of their ids, each with the members that subscribe to it. */
function classify(
  members: readonly AssignorMember[],
  topics: AssignmentInput['topics'],
): { readonly topics: readonly BoardTopic[]; readonly classes: readonly SubscriberClass[] } {
  const subscriptions = new Map<readonly TopicId[], number[]>();
  for (const [member, { topics: subscribed }] of members.entries()) {
    const sharers = subscriptions.get(subscribed);
    if (sharers === undefined) subscriptions.set(subscribed, [member]);
    else sharers.push(member);
  }
  const sharersByTopic = new Map<TopicId, number[]>();
  for (const [at, [subscribed]] of [...subscriptions].entries()) {
    for (const topicId of new Set(subscribed)) {
      const list = sharersByTopic.get(topicId);
      if (list === undefined) sharersByTopic.set(topicId, [at]);
      else list.push(at);
    }
  }
  const sharers = [...subscriptions.values()];
  const classes: SubscriberClass[] = [];
  const classByKey = new Map<string, number>();
  const placed: BoardTopic[] = [];
  let base = 0;
  for (const [topicId, subscribed] of [...sharersByTopic].sort(([one], [other]) => (one < other ? -1 : 1))) {
    const topic = topics.get(topicId);
    if (topic === undefined || topic.partitions === 0) continue;
    const key = subscribed.join();
    let classAt = classByKey.get(key);
    if (classAt === undefined) {
      classByKey.set(key, (classAt = classes.length));
      const all = subscribed.flatMap((at) => sharers[at] ?? []).sort((one, other) => one - other);
      classes.push({ members: all, least: undefined });
    }
    placed.push({ topic, classAt, base });
    base += topic.partitions;
  }
  return { topics: placed, classes };
}
