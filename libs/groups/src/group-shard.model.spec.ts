import { describe, expect, it } from 'vitest';
import { NO_TOPIC_PARTITIONS } from './partitions/partition-map.ts';
import { MODEL_GROUP, ModelWorld } from './testing/model-world.ts';
import { stateText } from './testing/record-log.ts';

const SEEDS = 25;
const STEPS = 800;

describe('a consumer group among random joins, leaves, crashes, takeovers and changes', () => {
  it('never has two readers of a partition, refuses those it removed, and replays to what it was', () => {
    const total = { commits: 0, refused: 0, removed: 0 };
    for (let seed = 1; seed <= SEEDS; seed++) {
      const world = new ModelWorld(seed);
      try {
        for (let step = 0; step < STEPS; step++) world.step();
        expect(stateText(world.log.load())).toBe(stateText(world.shard));
        expect(stateText(world.log.loadCompacted())).toBe(stateText(world.shard));
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error });
      }
      total.commits += world.committed.size;
      total.refused += world.refused;
      total.removed += world.removed;
    }
    expect(total.commits).toBeGreaterThan(SEEDS);
    expect(total.refused).toBeGreaterThan(SEEDS / 4);
    expect(total.removed).toBeGreaterThan(SEEDS);
  });

  it('converges once everybody speaks: every subscribed partition is read by the one member it is for', () => {
    let withReaders = 0;
    for (let seed = 100; seed < 100 + SEEDS; seed++) {
      const world = new ModelWorld(seed);
      try {
        for (let step = 0; step < STEPS; step++) world.step();
        world.settle();
        withReaders += expectConverged(world);
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error });
      }
    }
    expect(withReaders).toBeGreaterThan(SEEDS / 2);
  });
});

function expectConverged(world: ModelWorld): number {
  const members = world.clients.filter((client) => !client.crashed && !client.fenced);
  if (members.length === 0) return 0;
  const group = world.shard.describe(MODEL_GROUP);
  expect(group.state).toBe('stable');
  expect(group.members).toBe(members.length);
  const subscribed = world.topics
    .all()
    .filter(({ name }) =>
      members.some((client) => client.topicNames.includes(name) || (client.topicPattern !== undefined && name.startsWith('t-'))),
    );
  const expected = subscribed.reduce((sum, topic) => sum + topic.partitions, 0);
  const read = members.reduce((sum, client) => sum + client.reading.size, 0);
  expect(read).toBe(expected);
  for (const client of members) {
    const held = group.memberList.find(({ memberId }) => memberId === client.memberId)?.assignment.assigned ?? NO_TOPIC_PARTITIONS;
    const keys = [...held].flatMap(([topicId, partitions]) => partitions.map((partition) => `${topicId}-${partition}`));
    expect(keys.sort()).toEqual([...client.reading.keys()].sort());
  }
  return 1;
}
