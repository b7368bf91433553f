import { imageEntries, type MetadataImage } from '@moldau/cluster';
import { brokerId } from '@moldau/kernel';
import { adminService } from '@moldau/protocol';
import { describe, expect, it } from 'vitest';
import { SimCoordinators } from './testing/sim-coordinators.ts';

function entriesOf(image: MetadataImage): string[] {
  return [...imageEntries(image)].map(({ key, value, revision }) => `${key}@${revision}:${Buffer.from(value).toString('hex')}`).sort();
}

function newTopic(name: string, partitions: number, replicationFactor = 1, configs: [string, string][] = []) {
  return { topics: [{ name, partitions, replicationFactor, configs: new Map(configs) }], dryRun: false };
}

async function startCluster(seed: number, brokers: number) {
  const sim = new SimCoordinators(seed);
  const first = sim.start('c0');
  await sim.until('a controller', () => sim.active() !== undefined);
  const started = Array.from({ length: brokers }, (_, id) => sim.broker(id).start());
  await sim.until('serving brokers', () => started.every((broker) => broker.serving()));
  return { sim, first, brokers: started };
}

describe('the election of the controller', () => {
  it('elects one of three, which makes the cluster id', async () => {
    const sim = new SimCoordinators(1);
    for (const name of ['a', 'b', 'c']) sim.start(name);
    await sim.until('a controller', () => sim.active() !== undefined);
    await sim.scheduler.runFor(5_000);
    expect(sim.coordinators.map(({ coordinator }) => coordinator.role()).sort()).toEqual(['active', 'standby', 'standby']);
    const ids = sim.coordinators.map(({ coordinator }) => coordinator.image().cluster?.clusterId);
    expect(new Set(ids).size).toBe(1);
    expect(sim.coordinators.every(({ coordinator }) => coordinator.image().coordinators.size === 3)).toBe(true);
  });

  it('has a new controller soon after the old one was killed, and at once after it resigned', async () => {
    const sim = new SimCoordinators(2);
    for (const name of ['a', 'b', 'c']) sim.start(name);
    await sim.until('a controller', () => sim.active() !== undefined);
    const killed = sim.active();
    const epoch = killed?.coordinator.image().controller?.epoch ?? 0;
    killed?.kill();
    sim.coordinators.splice(
      sim.coordinators.findIndex((one) => one === killed),
      1,
    );
    await sim.until('another controller', () => sim.active() !== undefined, 7_000);
    const second = sim.active();
    expect(second?.coordinator.image().controller?.epoch).toBeGreaterThan(epoch);
    await sim.scheduler.until(second?.coordinator.stop() ?? Promise.resolve());
    await sim.until('a third controller', () => sim.active() !== undefined, 500);
    expect(sim.active()).not.toBe(second);
  });

  it('lets no broker begin a session with a controller that lost its office while it registered the broker', async () => {
    const { sim, first } = await startCluster(8, 1);
    const second = sim.start('c1');
    await sim.scheduler.runFor(1_000);
    const { faults } = first.client;
    // No keep-alive is answered, and the registration is written shortly before the lease has run out.
    faults.answerLoss = 1;
    await sim.scheduler.runFor(3_800);
    Object.assign(faults, { answerLoss: 0, watchDelayMs: 2_000 });
    const late = sim.broker(7).start();
    await sim.until('the registration is written', () => second.coordinator.image().brokers.has(7 as never), 1_000);
    faults.answerLoss = 1;
    await sim.until('the office is lost', () => first.coordinator.role() !== 'active', 1_500);
    faults.answerLoss = 0;
    await sim.until('the broker serves', () => late.serving(), 15_000);
    expect(second.coordinator.image().brokers.get(7 as never)?.fenced).toBe(false);
  });

  it('lets no paused controller write after another was elected', async () => {
    const { sim, first } = await startCluster(3, 1);
    sim.start('c1');
    await sim.scheduler.runFor(1_000);
    first.process.pause();
    await sim.until('another controller', () => sim.coordinators[1]?.coordinator.role() === 'active', 10_000);
    const second = sim.coordinators[1];
    const before = sim.store.engine.state.headRevision();
    expect(first.coordinator.role()).toBe('active');
    first.process.resume();
    const late = sim.admin(first, adminService.createTopics, newTopic('late', 1));
    await expect(late).rejects.toMatchObject({ reason: 'NOT_CONTROLLER' });
    await sim.until('the resignation', () => first.coordinator.role() === 'standby');
    const written = sim.store.engine.changesAfter(before, 1_000).flatMap((changes) => changes.events.map((event) => event.key));
    expect(written.filter((key) => key.includes('topics/'))).toEqual([]);
    expect(second?.coordinator.role()).toBe('active');
  });

  it('goes on after the store was out of reach for longer than its lease', async () => {
    const { sim, first, brokers } = await startCluster(4, 1);
    first.client.faults.partitioned = true;
    await sim.until('the resignation', () => first.coordinator.role() === 'standby', 10_000);
    expect(first.coordinator.ready()).toBe(false);
    first.client.faults.partitioned = false;
    await sim.until('the controller again', () => first.coordinator.role() === 'active', 10_000);
    await sim.until('the broker again', () => brokers[0]?.serving() === true && brokers[0].registered !== undefined);
  });
});

describe('a broker', () => {
  it('serves once it is registered and has caught up with the metadata', async () => {
    const sim = new SimCoordinators(10);
    const { coordinator } = sim.start('c0');
    const broker = sim.broker(7);
    broker.lagging = true;
    broker.start();
    await sim.until('the registration', () => broker.lastAnswer !== undefined);
    await sim.scheduler.runFor(3_000);
    expect(broker.serving()).toBe(false);
    expect(coordinator.image().brokers.get(7 as never)).toMatchObject({ fenced: true, brokerEpoch: broker.registered?.brokerEpoch });
    broker.lagging = false;
    await sim.until('service', () => broker.serving());
    expect(broker.registered?.clusterId).toBe(coordinator.image().cluster?.clusterId);
  });

  it('is refused from another cluster', async () => {
    const { sim } = await startCluster(11, 0);
    const broker = sim.broker(1, { clusterId: '00000000-0000-4000-8000-000000000000' }).start();
    await sim.until('the refusal', () => broker.errors.length > 0);
    expect(broker.errors[0]?.reason).toBe('WRONG_CLUSTER');
  });

  it('is fenced soon after its stream broke, and keeps its epoch when it comes back in time', async () => {
    const { sim, first, brokers } = await startCluster(12, 1);
    const [broker] = brokers;
    const epoch = broker?.registered?.brokerEpoch;
    broker?.breakSession();
    await sim.until('the reconnect', () => broker?.registered !== undefined);
    expect(broker?.registered?.brokerEpoch).toBe(epoch);
    await sim.scheduler.runFor(2_000);
    expect(broker?.serving()).toBe(true);
    broker?.kill();
    await sim.until('the fencing', () => first.coordinator.image().brokers.get(0 as never)?.fenced === true, 1_000);
  });

  it('is fenced after a silent session', async () => {
    const { sim, first, brokers } = await startCluster(13, 1);
    if (brokers[0] !== undefined) brokers[0].silent = true;
    await sim.scheduler.runFor(2_300);
    expect(first.coordinator.image().brokers.get(0 as never)?.fenced).toBe(false);
    await sim.until('the fencing', () => first.coordinator.image().brokers.get(0 as never)?.fenced === true, 1_500);
  });

  it('supersedes its earlier life at once, and leads in a new epoch only', async () => {
    const { sim, first, brokers } = await startCluster(14, 1);
    const [old] = brokers;
    await sim.admin(first, adminService.createTopics, newTopic('t', 3));
    const before = [...first.coordinator.image().topics.values()][0];
    const next = sim.broker(0, { name: 'broker0b', directoryId: old?.directoryId ?? '' }).start();
    await sim.until('the new life', () => next.serving());
    expect(old?.errors.map((error) => error.reason)).toContain('FENCED_BROKER');
    await sim.until(
      'leaders',
      () => [...first.coordinator.image().topics.values()][0]?.partitions.every((partition) => partition?.leader === 0) === true,
    );
    const after = [...first.coordinator.image().topics.values()][0];
    for (const index of [0, 1, 2]) {
      const [was, is] = [before?.partitions.get(index), after?.partitions.get(index)];
      expect(is?.leaderEpoch).toBeGreaterThan(was?.leaderEpoch ?? 0);
      expect(is?.leaderBrokerEpoch).toBe(next.registered?.brokerEpoch);
      expect(is?.isr).toEqual([0]);
    }
  });

  it('is refused with another directory while the other lives, and loses all rights afterwards', async () => {
    const { sim, first, brokers } = await startCluster(15, 1);
    await sim.admin(first, adminService.createTopics, newTopic('t', 1));
    const other = sim.broker(0, { name: 'broker0b' }).start();
    await sim.until('the refusal', () => other.errors.length > 0);
    expect(other.errors[0]?.reason).toBe('BROKER_ID_IN_USE');
    brokers[0]?.kill();
    await sim.until('the other', () => other.serving());
    const partition = [...first.coordinator.image().topics.values()][0]?.partitions.get(0);
    expect(partition).toMatchObject({ leader: undefined, isr: [], elr: [] });
  });

  it('moves its leaders away before it may stop', async () => {
    const { sim, first, brokers } = await startCluster(16, 3);
    await sim.admin(first, adminService.createTopics, newTopic('t', 6, 3));
    const leaving = brokers[1];
    if (leaving !== undefined) leaving.wantsShutdown = true;
    await sim.until('leave to stop', () => leaving?.lastAnswer?.mayShutDown === true);
    const topic = [...first.coordinator.image().topics.values()][0];
    expect(topic?.partitions.every((partition) => partition?.leader !== undefined && partition.leader !== 1)).toBe(true);
    expect(topic?.partitions.every((partition) => partition?.isr.length === 2)).toBe(true);
  });

  it('is not taken for one whose stream broke once it has stopped: the next one that dies is fenced as early', async () => {
    const { sim, first, brokers } = await startCluster(27, 3);
    const [leaving, dying] = brokers;
    if (leaving === undefined || dying === undefined) throw new Error('no brokers');
    leaving.wantsShutdown = true;
    await sim.until('leave to stop', () => leaving.lastAnswer?.mayShutDown === true);
    leaving.kill();
    await sim.scheduler.runFor(1_000);
    expect(first.logger.lines.map(({ message }) => message)).not.toContain('a broker is fenced: its session is over');
    dying.kill();
    await sim.until('the fencing', () => first.coordinator.image().brokers.get(brokerId(1))?.fenced === true, 1_000);
  });

  it('is not fenced while it still serves, also after its leaders have moved', async () => {
    const { sim, first, brokers } = await startCluster(26, 3);
    await sim.admin(first, adminService.createTopics, newTopic('t', 6, 3));
    const leaving = brokers[1];
    if (leaving === undefined) throw new Error('no broker');
    leaving.stillServes = true;
    leaving.wantsShutdown = true;
    const leads = (): boolean => [...first.coordinator.image().topics.values()][0]?.partitions.some((each) => each?.leader === 1) === true;
    await sim.until('no leaders', () => !leads());
    await sim.scheduler.runFor(3_000);
    expect(leaving.lastAnswer).toMatchObject({ fenced: false, mayShutDown: false });
    leaving.stillServes = false;
    await sim.until('leave to stop', () => leaving.lastAnswer?.mayShutDown === true);
  });

  it('is not fenced with most others when only streams broke', async () => {
    const { sim, first, brokers } = await startCluster(17, 6);
    for (const broker of brokers.slice(0, 4)) {
      sim.network.partition([broker.name], ['c0']);
      sim.network.reset(broker.name, 'c0');
    }
    await sim.scheduler.runFor(1_500);
    expect(first.coordinator.image().brokers.count((broker) => broker.fenced)).toBe(0);
    sim.network.heal();
    await sim.scheduler.runFor(6_000);
    expect(first.coordinator.image().brokers.count((broker) => broker.fenced)).toBe(0);
  });

  it('has a full session to be heard of by a new controller', async () => {
    const { sim, first, brokers } = await startCluster(18, 2);
    sim.start('c1');
    const [lost, kept] = brokers;
    await sim.scheduler.runFor(1_000);
    first.kill();
    lost?.kill();
    await sim.until('a new controller', () => sim.coordinators[1]?.coordinator.role() === 'active', 10_000);
    const image = () => sim.coordinators[1]?.coordinator.image();
    expect(image()?.brokers.count((broker) => broker.fenced)).toBe(0);
    await sim.until('the fencing', () => image()?.brokers.get(0 as never)?.fenced === true, 4_000);
    await sim.scheduler.runFor(1_000);
    expect(kept?.name).toBe('broker1');
  });
});

describe('the metadata stream', () => {
  it('gives brokers the image of the coordinator, by a snapshot and then by revisions', async () => {
    const { sim, first, brokers } = await startCluster(20, 2);
    for (const name of ['a', 'b', 'c']) await sim.admin(first, adminService.createTopics, newTopic(name, 5, 2));
    await sim.admin(first, adminService.deleteTopics, { topics: [{ selector: { $case: 'name', value: 'b' } }], dryRun: false });
    await sim.scheduler.runFor(2_000);
    for (const broker of brokers) {
      expect(entriesOf(broker.image)).toEqual(entriesOf(first.coordinator.image()));
      expect(broker.snapshots).toBe(1);
    }
  });

  it('goes on where a broker left off, at any coordinator', async () => {
    const { sim, first } = await startCluster(21, 1);
    sim.start('c1');
    await sim.scheduler.runFor(2_000);
    const broker = sim.broker(5).start();
    await sim.until('the image', () => broker.image.version > 0);
    sim.network.reset(broker.name, 'c0');
    await sim.admin(first, adminService.createTopics, newTopic('t', 1));
    await sim.until('the topic', () => broker.image.topics.size === 1);
    expect(broker.snapshots).toBeLessThanOrEqual(2);
    expect(entriesOf(broker.image)).toEqual(entriesOf(first.coordinator.image()));
  });

  it('begins anew with a snapshot after the history was compacted', async () => {
    const { sim, first, brokers } = await startCluster(22, 1);
    const other = sim.store.connect();
    first.client.faults.partitioned = true;
    await sim.scheduler.until(
      other.store.transact({
        comparisons: [],
        operations: [{ kind: 'put', key: '/moldau/default/configs/cluster', value: new Uint8Array() }],
      }),
    );
    await sim.scheduler.until(
      other.store.transact({ comparisons: [], operations: [{ kind: 'delete', key: '/moldau/default/configs/cluster' }] }),
    );
    sim.store.compact();
    first.client.faults.partitioned = false;
    await sim.until('the image', () => brokers[0]?.snapshots === 2);
    await sim.scheduler.runFor(1_000);
    expect(entriesOf(brokers[0]?.image ?? first.coordinator.image())).toEqual(entriesOf(first.coordinator.image()));
  });

  it('ends when the coordinator has lost touch with the store', async () => {
    const { sim, first } = await startCluster(23, 1);
    first.client.faults.partitioned = true;
    await sim.scheduler.runFor(6_000);
    expect(first.meter.value('moldau_coordinator_metadata_streams')).toBe(0);
    expect(first.coordinator.ready()).toBe(false);
  });
});
