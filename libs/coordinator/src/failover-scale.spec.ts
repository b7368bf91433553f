import { describe, expect, it } from 'vitest';
import { SimCoordinators } from './testing/sim-coordinators.ts';
import { createTopic, topicNamed } from './testing/started-cluster.ts';

const TOPICS = 30;
const PARTITIONS_EACH = 1_000;
/** Of each way to the store at most: a transaction takes 5 ms on average. */
const LATENCY_MS = 5;
/** A broken stream has this long to come back; from then on the failover counts. */
const RECONNECT_GRACE_MS = 500;

describe('30,000 partitions of factor 3 on three brokers', () => {
  it('are led by the other two within two seconds of a crash, after a bounded number of transactions', { timeout: 300_000 }, async () => {
    const sim = new SimCoordinators(1);
    const first = sim.start('c0', LATENCY_MS);
    await sim.until('a controller', () => sim.active() !== undefined);
    const brokers = [0, 1, 2].map((id) => sim.broker(id).start());
    await sim.until('serving brokers', () => brokers.every((broker) => broker.serving()));
    for (let topic = 0; topic < TOPICS; topic += 1) await createTopic({ sim, first, brokers }, `t${topic}`, PARTITIONS_EACH, 3);
    const names = Array.from({ length: TOPICS }, (_, topic) => `t${topic}`);
    const count = (which: 'led' | 'held'): number =>
      names.reduce((sum, name) => {
        const { partitions } = topicNamed(sim, name);
        return (
          sum + partitions.count((partition) => (which === 'led' ? partition?.leader === 0 : partition?.isr.includes(0 as never) === true))
        );
      }, 0);
    expect(count('led')).toBeGreaterThanOrEqual((TOPICS * PARTITIONS_EACH) / 3 - TOPICS);
    expect(count('held')).toBe(TOPICS * PARTITIONS_EACH);

    const before = sim.store.engine.state.headRevision();
    const killedAtMs = sim.scheduler.nowMs;
    brokers[0]?.kill();
    await sim.until('the fencing', () => first.coordinator.image().brokers.get(0 as never)?.fenced === true);
    await sim.until('other leaders', () => count('led') === 0, 5_000);
    await sim.until('an ISR without it', () => count('held') === 0, 5_000);
    const tookMs = sim.scheduler.nowMs - killedAtMs;
    // Each transaction makes a revision; beside those of partitions there is the fencing.
    const transactions = sim.store.engine.state.headRevision() - before;
    expect(transactions).toBeLessThanOrEqual((TOPICS * PARTITIONS_EACH) / 120 + TOPICS + 1);
    expect(tookMs).toBeLessThan(RECONNECT_GRACE_MS + 1_500);
  });
});
