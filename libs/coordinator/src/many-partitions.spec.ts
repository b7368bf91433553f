import { clusterPrefix, encodePartition, encodeTopic, partitionRecordKey, topicKey } from '@moldau/cluster';
import {
  type BrokerId,
  brokerEpoch,
  leaderEpoch,
  type Namespace,
  partitionEpoch,
  partitionIndex,
  type TopicName,
  topicId,
} from '@moldau/kernel';
import { describe, expect, it } from 'vitest';
import { SimCoordinators } from './testing/sim-coordinators.ts';

const TOPICS = 1_000;
const PARTITIONS_EACH = 100;
const LOAD_MS_MAX = 5_000;

describe('100,000 partitions', () => {
  it('are loaded in seconds, streamed to a broker, and led once it serves', { timeout: 120_000 }, async () => {
    const sim = new SimCoordinators(1);
    await storeTopics(sim);
    const before = process.threadCpuUsage();
    const { coordinator } = sim.start('c0');
    await sim.until('a controller', () => coordinator.role() === 'active');
    expect(process.threadCpuUsage(before).user / 1_000).toBeLessThan(LOAD_MS_MAX);
    expect(coordinator.image().topics.size).toBe(TOPICS);

    const broker = sim.broker(0).start();
    await sim.until('the snapshot', () => broker.snapshots === 1);
    expect(broker.image.topics.every((topic) => topic.partitions.size === PARTITIONS_EACH)).toBe(true);
    await sim.until('service', () => broker.serving());
    await sim.scheduler.runFor(10_000);
    expect(coordinator.image().topics.every((topic) => topic.partitions.every((partition) => partition?.leader === 0))).toBe(true);
    await sim.until('the broker to know', () => broker.image.version === coordinator.image().version);
    expect(broker.snapshots).toBe(1);
  });
});

/** Topics as a broker that is gone left them. */
async function storeTopics({ store }: SimCoordinators): Promise<void> {
  const replicas = [0 as BrokerId];
  const value = encodePartition(
    {
      leader: undefined,
      leaderEpoch: leaderEpoch(1),
      partitionEpoch: partitionEpoch(1),
      leaderBrokerEpoch: brokerEpoch(0),
      replicas,
      isr: [],
      elr: replicas,
      lastKnownElr: [],
      lastKnownEnds: [],
      minIsr: 1,
      flush: 'sync',
      adding: [],
      removing: [],
      lossyEpoch: undefined,
    },
    undefined,
  );
  const prefix = clusterPrefix('default');
  for (let topic = 0; topic < TOPICS; topic += 1) {
    const id = topicId(`00000000-0000-4000-8000-${String(topic).padStart(12, '0')}`);
    const fields = {
      topicId: id,
      namespace: 'default' as Namespace,
      name: `topic-${topic}` as TopicName,
      replicationFactor: 1,
      createdAtMs: 0,
      internal: false,
    };
    const record = encodeTopic(
      { ...fields, state: 'active', partitionCount: PARTITIONS_EACH, readyPartitions: PARTITIONS_EACH },
      undefined,
    );
    const partitions = Array.from({ length: PARTITIONS_EACH }, (_, index) => ({
      key: prefix + partitionRecordKey(id, partitionIndex(index)),
      value,
    }));
    const operations = [{ key: prefix + topicKey(id), value: record }, ...partitions].map((put) => ({ kind: 'put' as const, ...put }));
    await store.engine.transact({ comparisons: [], operations });
  }
}
