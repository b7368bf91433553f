import { imageEntries, type MetadataImage, settlePartition } from '@moldau/cluster';
import { adminService } from '@moldau/protocol';
import { SeededRandom } from '@moldau/testkit';
import { describe, expect, it } from 'vitest';
import { type SimCoordinator, SimCoordinators } from './testing/sim-coordinators.ts';
import type { TestBroker } from './testing/test-broker.ts';

const SEEDS = 30;
const STEPS = 25;

/** What must hold of every revision, whoever wrote it. */
class Invariants {
  private readonly leaderEpochs = new Map<string, { readonly epoch: number; readonly leader: string }>();
  private controllerEpoch = 0;

  check(image: MetadataImage): void {
    const epoch = image.controller?.epoch ?? this.controllerEpoch;
    expect(epoch).toBeGreaterThanOrEqual(this.controllerEpoch);
    this.controllerEpoch = epoch;
    for (const topic of image.topics.values()) {
      topic.partitions.forEach((partition, index) => {
        if (partition === undefined) return;
        const key = `${topic.topicId}-${index}`;
        const before = this.leaderEpochs.get(key);
        const leader = `${partition.leader}@${partition.leaderBrokerEpoch}`;
        expect(partition.leaderEpoch).toBeGreaterThanOrEqual(before?.epoch ?? 0);
        // One leader, in one life, for each epoch.
        if (before?.epoch === partition.leaderEpoch) expect(leader).toBe(before.leader);
        if (partition.leader !== undefined) expect(partition.isr).toContain(partition.leader);
        this.leaderEpochs.set(key, { epoch: partition.leaderEpoch, leader });
      });
    }
  }
}

interface World {
  readonly sim: SimCoordinators;
  readonly random: SeededRandom;
  readonly brokers: TestBroker[];
  lives: number;
  topics: number;
}

describe('coordinators under faults', () => {
  it('keep the metadata sound at every revision, and settle once the faults end', { timeout: 180_000 }, async () => {
    for (let seed = 1; seed <= SEEDS; seed += 1) await runSeed(seed);
  });

  it('do the same again from the same seed', async () => {
    expect(await runSeed(99)).toEqual(await runSeed(99));
  });
});

async function runSeed(seed: number): Promise<readonly string[]> {
  const sim = new SimCoordinators(seed);
  const world: World = { sim, random: new SeededRandom(seed + 10_000), brokers: [], lives: 3, topics: 0 };
  for (const name of ['c0', 'c1', 'c2']) sim.start(name);
  const observer = sim.start('observer');
  const invariants = new Invariants();
  const forget = sim.store.engine.onPublished(() => invariants.check(observer.coordinator.image()));
  for (let id = 0; id < 3; id += 1) world.brokers.push(sim.broker(id).start());
  await sim.scheduler.runFor(3_000);
  for (let step = 0; step < STEPS; step += 1) {
    doSomething(world);
    await sim.scheduler.runFor(world.random.below(2_500));
  }
  forget();
  await settle(world, seed);
  return [...imageEntries(observer.coordinator.image())].map(({ key, revision }) => `${key}@${revision}`);
}

function doSomething(world: World): void {
  const { sim, random, brokers } = world;
  const living = sim.coordinators.filter(({ alive, name }) => alive && name !== 'observer');
  const coordinator = random.pick(living);
  const broker = random.pick(brokers);
  const actions: (() => void)[] = [
    () => createTopic(world),
    () => createTopic(world),
    () => deleteTopic(world),
    () => living.length > 1 && restartCoordinator(world, coordinator),
    () => coordinator.process.pause(),
    () => coordinator.process.resume(),
    () => (coordinator.client.faults.partitioned = true),
    () => (coordinator.client.faults.partitioned = false),
    () => (coordinator.client.faults.answerLoss = random.below(2) * 0.3),
    () => (coordinator.client.faults.watchDelayMs = random.below(300)),
    () => sim.network.reset(broker.name, coordinator.name),
    () => sim.network.partition([broker.name], [coordinator.name]),
    () => sim.network.heal(),
    () => restartBroker(world, broker),
    () => sim.store.compact(),
  ];
  random.pick(actions)();
}

function createTopic(world: World): void {
  const { sim, random } = world;
  world.topics += 1;
  const topic = {
    name: `t${world.topics}`,
    partitions: 1 + random.below(250),
    replicationFactor: 1 + random.below(3),
    configs: new Map<string, string>(),
  };
  const to = sim.active();
  if (to !== undefined) sim.sendAdmin(to, adminService.createTopics, { topics: [topic], dryRun: false }).catch(() => undefined);
}

function deleteTopic({ sim, random, topics }: World): void {
  const to = sim.active();
  const selector = { $case: 'name' as const, value: `t${1 + random.below(Math.max(1, topics))}` };
  if (to !== undefined) sim.sendAdmin(to, adminService.deleteTopics, { topics: [{ selector }], dryRun: false }).catch(() => undefined);
}

function restartCoordinator(world: World, coordinator: SimCoordinator): void {
  coordinator.kill();
  world.sim.start(`c${world.lives}`);
  world.lives += 1;
}

function restartBroker(world: World, broker: TestBroker): void {
  const { sim, brokers } = world;
  broker.kill();
  const { brokerId, directoryId } = broker;
  brokers[brokers.indexOf(broker)] = sim.broker(brokerId, { name: `broker${brokerId}-${world.lives}`, directoryId }).start();
  world.lives += 1;
}

/** Ends all faults; then there is one controller, every broker serves, and nothing is left to do. */
async function settle({ sim, brokers }: World, seed: number): Promise<void> {
  sim.network.heal();
  for (const { client, process } of sim.coordinators.filter(({ alive }) => alive)) {
    Object.assign(client.faults, { partitioned: false, answerLoss: 0, watchDelayMs: 0 });
    process.resume();
  }
  await sim.until(
    `seed ${seed}: service`,
    () => sim.active() !== undefined && brokers.every((broker) => broker.serving() && broker.registered !== undefined),
    60_000,
  );
  await sim.scheduler.runFor(10_000);
  const active = sim.coordinators.filter(({ alive, coordinator }) => alive && coordinator.role() === 'active');
  expect(active.length, `seed ${seed}`).toBe(1);
  const image = active[0]?.coordinator.image();
  for (const topic of image?.topics.values() ?? []) {
    expect(topic.state, `seed ${seed}`).toBe('active');
    expect(topic.partitions.size).toBe(topic.partitionCount);
    for (const partition of topic.partitions) {
      expect(partition?.leader, `seed ${seed}: ${topic.name}`).toBeDefined();
      if (partition !== undefined && image !== undefined)
        expect(settlePartition(partition, image.brokers, { minIsr: partition.minIsr, flush: 'sync' })).toBeUndefined();
    }
  }
  const entries = image === undefined ? [] : [...imageEntries(image)].map(({ key, revision }) => `${key}@${revision}`).sort();
  for (const broker of brokers) {
    expect([...imageEntries(broker.image)].map(({ key, revision }) => `${key}@${revision}`).sort(), `seed ${seed}`).toEqual(entries);
  }
}
