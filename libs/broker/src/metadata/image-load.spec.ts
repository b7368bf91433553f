import { encodeMessage, PartitionRecord, TopicRecord, TopicState } from '@moldau/protocol';
import { SimScheduler } from '@moldau/testkit';
import { describe, expect, it } from 'vitest';
import { partitionRecord, topicRecord } from '../testing/fake-topic.ts';
import { SimBroker } from '../testing/sim-broker.ts';
import { ClusterState } from './cluster-state.ts';
import { CHANGES_PER_TURN, type MetadataChange, OrderedChanges } from './image-load.ts';

const TOPICS = 100;
const PARTITIONS_EACH = 1_000;
const VERSION = 7;

const topicIdOf = (index: number): string => `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`;

/** The records of topics with their partitions before them: the order that can't be applied in parts. */
function snapshot(topics: number, partitionsEach: number): OrderedChanges {
  const entries: MetadataChange[] = [];
  const value = partitionRecord({}, 1, 1);
  for (let topic = 0; topic < topics; topic += 1) {
    const topicId = topicIdOf(topic);
    for (let index = 0; index < partitionsEach; index += 1)
      entries.push({ key: `partitions/${topicId}/${index}`, value, revision: VERSION });
    const record = topicRecord(topicId, `topic-${topic}`, { partitions: partitionsEach });
    entries.push({ key: `topics/${topicId}`, value: record, revision: VERSION });
  }
  const changes = new OrderedChanges();
  changes.add(entries);
  return changes;
}

function partitionsIn(cluster: ClusterState): number {
  let count = 0;
  for (const topic of cluster.current.topics.values()) for (const partition of topic.partitions) if (partition !== undefined) count += 1;
  return count;
}

describe('a snapshot of 100,000 partitions', () => {
  it('is applied a little in each turn, and is seen whole or not at all', async () => {
    const scheduler = new SimScheduler();
    const cluster = new ClusterState(scheduler);
    const changes = snapshot(TOPICS, PARTITIONS_EACH);
    const total = changes.size;
    let told = 0;
    let done = false;
    cluster.listen(() => {
      told += 1;
    });
    cluster.load(VERSION, changes, { anew: true }, (failure) => {
      expect(failure).toBeUndefined();
      done = true;
    });
    const left: number[] = [];
    const look = (): void => {
      left.push(changes.size);
      if (done) return;
      expect([cluster.version, cluster.current.topics.size, told]).toEqual([0, 0, 0]);
      scheduler.nextTurn(look);
    };
    scheduler.nextTurn(look);
    await scheduler.runFor(1);
    expect(left.length).toBeGreaterThanOrEqual(total / CHANGES_PER_TURN);
    const steps = left.map((size, at) => (left[at - 1] ?? total) - size);
    expect(Math.max(...steps)).toBeLessThanOrEqual(CHANGES_PER_TURN);
    expect([cluster.version, cluster.current.topics.size, partitionsIn(cluster), told]).toEqual([
      VERSION,
      TOPICS,
      TOPICS * PARTITIONS_EACH,
      1,
    ]);
  });

  it('that is cancelled or can not be read leaves what is there', async () => {
    const scheduler = new SimScheduler();
    const cluster = new ClusterState(scheduler);
    cluster.load(VERSION, snapshot(1, 3), { anew: true }, () => {});
    await scheduler.runFor(1);
    const before = cluster.current;
    cluster.load(VERSION + 1, snapshot(2, 3_000), { anew: true }, () => expect.unreachable('it was cancelled')).cancel();
    await scheduler.runFor(1);
    expect(cluster.current).toBe(before);
    const broken = snapshot(2, 3_000);
    broken.add([{ key: `partitions/${topicIdOf(1)}/0`, value: new Uint8Array([0xff]), revision: VERSION + 1 }]);
    let failure: unknown;
    cluster.load(VERSION + 1, broken, { anew: true }, (caught) => {
      failure = caught;
    });
    await scheduler.runFor(1);
    expect(failure).toBeInstanceOf(Error);
    expect(cluster.current).toBe(before);
  });
});

describe('the metadata stream of a broker', () => {
  const record = (name: string) => ({
    ...{ topicId: topicIdOf(900), namespace: 'default', name, partitions: 5_000, readyPartitions: 5_000, replicationFactor: 1 },
    ...{ state: TopicState.ACTIVE, createdAtMs: 0, internal: false },
  });

  it('applies what comes during a long change after it, in order', async () => {
    const sim = await SimBroker.started();
    const { topicId } = record('long');
    const values: Record<string, Uint8Array> = { [`topics/${topicId}`]: encodeMessage(TopicRecord, record('long')) };
    const elsewhere = partitionRecord({ leader: 2 }, 1, 1);
    for (let index = 0; index < 5_000; index += 1) values[`partitions/${topicId}/${index}`] = elsewhere;
    sim.controller.write(values);
    const moved = { ...PartitionRecord.decode(elsewhere), leader: 1, leaderEpoch: 2, replicas: [1], isr: [1] };
    const leaderBrokerEpoch = sim.controller.brokerEpoch();
    sim.controller.write({ [`partitions/${topicId}/4999`]: encodeMessage(PartitionRecord, { ...moved, leaderBrokerEpoch }) });
    await sim.scheduler.runFor(200);
    const [result] = await sim.produce(topicId, [Buffer.alloc(0)], { partition: 4_999 });
    expect(result?.error?.reason).toBe('CORRUPT_BATCH');
    const [other] = await sim.produce(topicId, [Buffer.alloc(0)], { partition: 4_998 });
    expect(Object.fromEntries(other?.error?.metadata ?? [])).toMatchObject({ leader: '2' });
  });

  it('goes on with another after one whose changes can not be read', async () => {
    const sim = await SimBroker.started();
    const { topicId } = record('broken');
    const values: Record<string, Uint8Array | undefined> = { [`topics/${topicId}`]: encodeMessage(TopicRecord, record('broken')) };
    for (let index = 0; index < 2_000; index += 1) values[`partitions/${topicId}/${index}`] = partitionRecord({ leader: 2 }, 1, 1);
    sim.controller.write({ ...values, [`partitions/${topicId}/1999`]: new Uint8Array([0xff]) });
    await sim.scheduler.runFor(1_000);
    sim.controller.write({ [`partitions/${topicId}/1999`]: undefined });
    await sim.scheduler.runFor(10_000);
    await sim.topic('orders');
    expect(sim.broker.readiness()).toEqual({ ready: true });
    expect(sim.meter.value('moldau_broker_leading_partitions')).toBe(1);
  });
});
