import { type PartitionIndex, type TopicId, topicId } from '@moldau/kernel';
import { SeededIds, SeededRandom } from '@moldau/testkit';
import { describe, expect, it } from 'vitest';
import { countPartitions, NO_TOPIC_PARTITIONS, type TopicPartitions } from '../partitions/partition-map.ts';
import { type Assignment, type AssignmentInput, type AssignorMember, type AssignorTopic, finishAssignment } from './assignor.ts';
import { ASSIGNOR_NAMES, ASSIGNORS, type AssignorName } from './assignors.ts';

const RACKS = ['a', 'b', 'c'];

function makeTopics(random: SeededRandom, counts: readonly number[]): Map<TopicId, AssignorTopic> {
  const ids = new SeededIds(random);
  return new Map(
    counts.map((partitions) => {
      const id = topicId(ids.uuid());
      // Two replicas, on racks that alternate.
      return [id, { topicId: id, partitions, racksOf: (at: number) => [RACKS[at % 3] ?? '', RACKS[(at + 1) % 3] ?? ''] }];
    }),
  );
}

function makeMembers(count: number, topics: readonly TopicId[], named = 'm'): AssignorMember[] {
  return Array.from({ length: count }, (_, at) => ({
    memberId: `${named}${String(at).padStart(4, '0')}`,
    instanceId: undefined,
    rack: RACKS[at % 3],
    topics,
    current: NO_TOPIC_PARTITIONS,
  }));
}

function assign(name: AssignorName, members: readonly AssignorMember[], topics: AssignmentInput['topics']): Assignment {
  return finishAssignment(ASSIGNORS[name]({ members, topics }));
}

function after(members: readonly AssignorMember[], assignment: Assignment): AssignorMember[] {
  return members.map((member) => ({ ...member, current: assignment.get(member.memberId) ?? NO_TOPIC_PARTITIONS }));
}

function owners(assignment: Assignment): Map<string, string> {
  const found = new Map<string, string>();
  for (const [memberId, topics] of assignment) {
    for (const [topic, partitions] of topics) {
      for (const partition of partitions) {
        expect(found.has(`${topic}-${partition}`)).toBe(false);
        found.set(`${topic}-${partition}`, memberId);
      }
    }
  }
  return found;
}

function loads(assignment: Assignment): number[] {
  return [...assignment.values()].map((each) => countPartitions(each)).sort((one, other) => one - other);
}

/** Partitions that changed hands between members that are in both. */
function moves(before: Assignment, now: Assignment): number {
  const later = owners(now);
  return [...owners(before)].filter(([partition, owner]) => now.has(owner) && later.get(partition) !== owner).length;
}

function matched(assignment: Assignment, members: readonly AssignorMember[], topics: AssignmentInput['topics']): number {
  const racks = new Map(members.map(({ memberId, rack }) => [memberId, rack ?? '']));
  let count = 0;
  for (const [memberId, held] of assignment) {
    for (const [topic, partitions] of held) {
      for (const partition of partitions)
        count += Number(
          topics
            .get(topic)
            ?.racksOf(partition)
            .includes(racks.get(memberId) ?? '') === true,
        );
    }
  }
  return count;
}

describe.each(ASSIGNOR_NAMES)('the assignor %s', (name) => {
  it('gives every subscribed partition to exactly one subscriber, whatever the subscriptions and the history', () => {
    for (let seed = 1; seed <= 150; seed++) {
      const random = new SeededRandom(seed);
      const topics = makeTopics(
        random,
        Array.from({ length: random.between(1, 6) }, () => random.between(1, 30)),
      );
      const ids = [...topics.keys()];
      let members: AssignorMember[] = makeMembers(random.between(1, 12), ids).map((member) => ({
        ...member,
        rack: random.below(4) === 0 ? undefined : member.rack,
        topics: random.below(3) === 0 ? ids : ids.filter(() => random.below(2) === 0),
      }));
      for (let round = 0; round < 4; round++) {
        const assignment = assign(name, members, topics);
        const subscribed = new Set(members.flatMap((member) => member.topics));
        const expected = [...topics.values()]
          .filter((topic) => subscribed.has(topic.topicId))
          .reduce((sum, topic) => sum + topic.partitions, 0);
        expect(owners(assignment).size, `seed ${seed}`).toBe(expected);
        for (const member of members) {
          for (const topic of assignment.get(member.memberId)?.keys() ?? []) expect(member.topics).toContain(topic);
        }
        const shuffled = random.shuffle([...members]);
        expect(new Map([...assign(name, shuffled, topics)].sort()), `seed ${seed}`).toEqual(new Map([...assignment].sort()));
        members = after(members, assignment).filter(() => random.below(5) > 0);
        if (members.length === 0) break;
      }
    }
  });

  it('assigns 10,000 partitions to 1,000 members in well below a second, in short steps', () => {
    const topics = makeTopics(
      new SeededRandom(5),
      Array.from({ length: 100 }, () => 100),
    );
    const members = makeMembers(1_000, [...topics.keys()]);
    const steps = ASSIGNORS[name]({ members, topics });
    let count = 1;
    for (; ; count++) {
      const { done, value } = steps.next();
      if (done !== true) continue;
      expect(owners(value).size).toBe(10_000);
      break;
    }
    if (name !== 'range') expect(count).toBeGreaterThan(4);
  });

  it('assigns nothing where there is nothing', () => {
    expect(assign(name, [], new Map())).toEqual(new Map());
    expect(assign(name, makeMembers(1, []), new Map())).toEqual(new Map([['m0000', new Map()]]));
  });
});

describe.each(['sticky', 'uniform', 'rack-aware'] as const)('the even assignor %s', (name) => {
  it('leaves no two members further apart than one when all subscribe to the same', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const random = new SeededRandom(seed);
      const topics = makeTopics(
        random,
        Array.from({ length: random.between(1, 5) }, () => random.between(1, 40)),
      );
      const members = makeMembers(random.between(1, 20), [...topics.keys()]);
      const sorted = loads(assign(name, members, topics));
      expect((sorted.at(-1) ?? 0) - (sorted[0] ?? 0), `seed ${seed}`).toBeLessThanOrEqual(1);
    }
  });

  it('leaves no partition that would bring two members closer by moving, with mixed subscriptions', () => {
    for (let seed = 1; seed <= 80; seed++) {
      const random = new SeededRandom(seed);
      const topics = makeTopics(
        random,
        Array.from({ length: random.between(2, 6) }, () => random.between(1, 20)),
      );
      const ids = [...topics.keys()];
      const members = makeMembers(random.between(2, 10), ids).map((member) => ({
        ...member,
        topics: ids.filter(() => random.below(2) === 0),
      }));
      const assignment = assign(name, members, topics);
      const load = (memberId: string): number => countPartitions(assignment.get(memberId) ?? NO_TOPIC_PARTITIONS);
      for (const [owner, held] of assignment) {
        for (const topic of held.keys()) {
          for (const other of members.filter((member) => member.topics.includes(topic))) {
            expect(load(owner) - load(other.memberId), `seed ${seed}`).toBeLessThanOrEqual(1);
          }
        }
      }
    }
  });
});

describe.each(['sticky', 'rack-aware'] as const)('the sticky assignor %s', (name) => {
  it('moves only what a member that joins needs, and nothing among those that stay when one leaves', () => {
    for (let seed = 1; seed <= 40; seed++) {
      const random = new SeededRandom(seed);
      const topics = makeTopics(
        random,
        Array.from({ length: random.between(1, 4) }, () => random.between(5, 60)),
      );
      const total = [...topics.values()].reduce((sum, topic) => sum + topic.partitions, 0);
      const members = makeMembers(random.between(2, 12), [...topics.keys()]).map((member) => ({ ...member, rack: undefined }));
      const first = assign(name, members, topics);
      const joined = [
        ...after(members, first),
        ...makeMembers(1, [...topics.keys()], 'new').map((member) => ({ ...member, rack: undefined })),
      ];
      const second = assign(name, joined, topics);
      expect(moves(first, second), `seed ${seed}`).toBe(Math.floor(total / joined.length));
      const stayed = after(joined, second).filter((_, at) => at !== random.below(1));
      const third = assign(name, stayed, topics);
      expect(moves(second, third), `seed ${seed}`).toBe(0);
      expect(moves(third, assign(name, after(stayed, third), topics))).toBe(0);
    }
  });

  it('moves nothing of the old partitions when a topic grows by as many as there are members', () => {
    const random = new SeededRandom(3);
    const topics = makeTopics(random, [30]);
    const members = makeMembers(10, [...topics.keys()]);
    const first = assign(name, members, topics);
    const grown = new Map([...topics].map(([id, topic]) => [id, { ...topic, partitions: 40 }]));
    const second = assign(name, after(members, first), grown);
    if (name === 'sticky') expect(moves(first, second)).toBe(0);
    expect(loads(second)).toEqual(Array.from({ length: 10 }, () => 4));
  });
});

describe('the assignor rack-aware', () => {
  it('matches all partitions with racks when loads allow it', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const random = new SeededRandom(seed);
      const topics = makeTopics(
        random,
        Array.from({ length: random.between(1, 5) }, () => 3 * random.between(4, 20)),
      );
      const members = makeMembers(9, [...topics.keys()]);
      const assignment = assign('rack-aware', members, topics);
      expect(matched(assignment, members, topics), `seed ${seed}`).toBe(owners(assignment).size);
    }
  });

  it('never matches fewer than sticky, whatever is subscribed', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const random = new SeededRandom(seed);
      const topics = makeTopics(
        random,
        Array.from({ length: random.between(1, 5) }, () => random.between(3, 40)),
      );
      const ids = [...topics.keys()];
      const members = makeMembers(random.between(2, 10), ids).map((member) => ({
        ...member,
        topics: ids.filter(() => random.below(3) > 0),
      }));
      const plain = after(members, assign('sticky', members, topics));
      const aware = assign('rack-aware', plain, topics);
      const before = new Map(plain.map((member): [string, TopicPartitions] => [member.memberId, member.current]));
      expect(matched(aware, members, topics), `seed ${seed}`).toBeGreaterThanOrEqual(matched(before, members, topics));
    }
  });
});

describe('the assignor range', () => {
  it('gives the same partitions of equal topics to the same member, the first ones a partition more', () => {
    const topics = makeTopics(new SeededRandom(2), [5, 5]);
    const assignment = assign('range', makeMembers(2, [...topics.keys()]), topics);
    expect([...(assignment.get('m0000') ?? NO_TOPIC_PARTITIONS).values()]).toEqual([range(0, 3), range(0, 3)]);
    expect([...(assignment.get('m0001') ?? NO_TOPIC_PARTITIONS).values()]).toEqual([range(3, 5), range(3, 5)]);
  });
});

function range(from: number, to: number): PartitionIndex[] {
  return Array.from({ length: to - from }, (_, at) => (from + at) as PartitionIndex);
}
