import { adminService, ElectionType } from '@moldau/protocol';
import { describe, expect, it } from 'vitest';
import { catchUp, createTopic, partitionAt, proposal, propose, startCluster, transactionsSince } from './testing/started-cluster.ts';

const byName = (name: string) => ({ selector: { $case: 'name' as const, value: name } });

describe('changes of the ISR that leaders propose', () => {
  it('are decided one by one, and written many together', async () => {
    const cluster = await startCluster(1, 3);
    const { sim } = cluster;
    await createTopic(cluster, 't', 600, 3);
    const led = Array.from({ length: 600 }, (_, index) => index).filter((index) => partitionAt(sim, 't', index).leader === 0);
    const before = sim.store.engine.state.headRevision();
    const proposals = led.map((index) => proposal(sim, 't', index, [0, 1]));
    const stale = { ...proposal(sim, 't', led[0] ?? 0, [0, 2]), partitionEpoch: 7 };
    const results = await propose(sim, 0, [...proposals, stale]);
    expect(results.slice(0, -1).map(({ error, partitionEpoch }) => error?.reason ?? partitionEpoch)).toEqual(led.map(() => 1));
    expect(results.at(-1)?.error?.reason).toBe('CONCURRENT_CHANGE');
    expect(transactionsSince(sim, before, 'partitions/')).toBe(Math.ceil(led.length / 120));
    expect(led.every((index) => partitionAt(sim, 't', index).isr.join() === '0,1')).toBe(true);
    const again = await propose(sim, 0, proposals);
    expect(again.map(({ error, partitionEpoch }) => error ?? partitionEpoch)).toEqual(led.map(() => 1));
  });

  it('come from the present life of the leader only', async () => {
    const cluster = await startCluster(2, 3);
    const { sim } = cluster;
    await createTopic(cluster, 't', 1, 3);
    const { leader = 0 } = partitionAt(sim, 't');
    const wanted = [proposal(sim, 't', 0, [leader])];
    await expect(propose(sim, leader, wanted, 1)).rejects.toMatchObject({ reason: 'FENCED_BROKER' });
    const other = (leader + 1) % 3;
    const [refused] = await propose(sim, other, wanted);
    expect(refused?.error?.reason).toBe('FENCED_LEADER_EPOCH');
  });

  it('let a broker back only in the life in which it fetched', async () => {
    const cluster = await startCluster(3, 3);
    const { sim, brokers } = cluster;
    await createTopic(cluster, 't', 1, 3);
    const { leader = 0 } = partitionAt(sim, 't');
    const follower = (leader + 1) % 3;
    brokers[follower]?.kill();
    await sim.until('the shrink', () => partitionAt(sim, 't').isr.length === 2);
    const old = proposal(sim, 't', 0, [0, 1, 2]);
    expect((await propose(sim, leader, [old]))[0]?.error?.reason).toBe('INELIGIBLE_REPLICA');
    const next = sim.broker(follower, { name: `again${follower}`, directoryId: brokers[follower]?.directoryId ?? '' }).start();
    await sim.until('service', () => next.serving());
    expect((await propose(sim, leader, [old]))[0]?.error?.reason).toBe('INELIGIBLE_REPLICA');
    expect((await propose(sim, leader, [proposal(sim, 't', 0, [0, 1, 2])]))[0]?.error).toBeUndefined();
    expect(partitionAt(sim, 't').isr).toHaveLength(3);
  });
});

describe('brokers that come back with logs in doubt', () => {
  it('elect the longest of them once all have told, without a hand', async () => {
    const cluster = await startCluster(10, 3);
    const { sim, brokers } = cluster;
    await createTopic(cluster, 't', 1, 3, [['flush', 'async']]);
    const { topicId } = { topicId: sim.active()?.coordinator.image().topics.first()?.topicId ?? '' };
    for (const broker of brokers) broker.kill();
    await sim.until('no leader', () => partitionAt(sim, 't').leader === undefined);
    const come = (id: number, endOffset: number) => {
      const replicas = { topics: [{ topicId, replicas: [{ partition: 0, lastEpoch: 0, endOffset, cut: true, damaged: false }] }] };
      return sim.broker(id, { name: `again${id}`, directoryId: brokers[id]?.directoryId ?? '', replicas }).start();
    };
    const [first, second] = [come(0, 50), come(1, 80)];
    await sim.until('two of them', () => first.serving() && second.serving());
    await sim.scheduler.runFor(5_000);
    expect(partitionAt(sim, 't')).toMatchObject({ leader: undefined, elr: [2] });
    const third = come(2, 70);
    await sim.until('the election', () => partitionAt(sim, 't').leader !== undefined);
    expect(partitionAt(sim, 't')).toMatchObject({ leader: 1, isr: [1], lastKnownElr: [], lossyEpoch: partitionAt(sim, 't').leaderEpoch });
    await sim.until('the third', () => third.serving());
  });

  it('lead after a flush that was kept, as if nothing had happened', async () => {
    const cluster = await startCluster(11, 3);
    const { sim, brokers } = cluster;
    await createTopic(cluster, 't', 1, 3);
    const topicId = sim.active()?.coordinator.image().topics.first()?.topicId ?? '';
    for (const broker of brokers) broker.kill();
    await sim.until('no leader', () => partitionAt(sim, 't').leader === undefined);
    const replicas = { topics: [{ topicId, replicas: [{ partition: 0, lastEpoch: 0, endOffset: 5, cut: false, damaged: false }] }] };
    sim.broker(1, { name: 'again1', directoryId: brokers[1]?.directoryId ?? '', replicas }).start();
    await sim.until('the election', () => partitionAt(sim, 't').leader === 1);
    expect(partitionAt(sim, 't').lossyEpoch).toBeUndefined();
  });
});

describe('an election that an operator asks for', () => {
  const elect = (type: ElectionType, name = 't') => ({ type, partitions: [{ topic: byName(name), partition: 0 }], dryRun: false });

  it('loses records only by an explicit word, which is logged and marked', async () => {
    const cluster = await startCluster(20, 3);
    const { sim, brokers, first } = cluster;
    await createTopic(cluster, 't', 1, 3);
    const { leader = 0, leaderEpoch } = partitionAt(sim, 't');
    await propose(sim, leader, [proposal(sim, 't', 0, [leader, (leader + 1) % 3])]);
    const needless = await sim.admin(first, adminService.electLeaders, elect(ElectionType.UNCLEAN));
    expect(needless.results[0]?.error?.reason).toBe('ELECTION_NOT_NEEDED');
    brokers[leader]?.kill();
    brokers[(leader + 1) % 3]?.kill();
    await sim.until('no leader', () => partitionAt(sim, 't').leader === undefined);
    await sim.scheduler.runFor(5_000);
    expect(partitionAt(sim, 't').leader).toBeUndefined();
    const preferred = await sim.admin(first, adminService.electLeaders, elect(ElectionType.PREFERRED));
    expect(preferred.results[0]?.error?.reason).toBe('NO_ELIGIBLE_LEADER');
    const { results } = await sim.admin(first, adminService.electLeaders, elect(ElectionType.UNCLEAN));
    expect(results).toMatchObject([{ topic: 't', partition: 0, error: undefined }]);
    const after = partitionAt(sim, 't');
    expect(after).toMatchObject({ leader: (leader + 2) % 3, isr: [(leader + 2) % 3], lossyEpoch: after.leaderEpoch });
    expect(after.leaderEpoch).toBeGreaterThan(leaderEpoch);
    expect(first.logger.lines.some(({ message }) => message.startsWith('an unclean election'))).toBe(true);
    const unknown = await sim.admin(first, adminService.electLeaders, elect(ElectionType.UNCLEAN, 'nothing'));
    expect(unknown.results[0]?.error?.reason).toBe('UNKNOWN_TOPIC');
    await expect(sim.admin(first, adminService.electLeaders, elect(ElectionType.UNSPECIFIED))).rejects.toMatchObject({
      reason: 'INVALID_REQUEST',
    });
  });
});

describe('leaders', () => {
  it('go away before a broker stops, and come back to it after it has caught up', async () => {
    const cluster = await startCluster(30, 3);
    const { sim, brokers } = cluster;
    await createTopic(cluster, 't', 30, 3);
    const ledBy = (id: number) =>
      Array.from({ length: 30 }, (_, index) => partitionAt(sim, 't', index)).filter(({ leader }) => leader === id).length;
    expect(ledBy(1)).toBe(10);
    const [leaving] = brokers.slice(1);
    if (leaving !== undefined) leaving.wantsShutdown = true;
    await sim.until('leave to stop', () => leaving?.lastAnswer?.mayShutDown === true);
    expect([ledBy(1), ledBy(0) + ledBy(2)]).toEqual([0, 30]);
    leaving?.kill();
    const back = sim.broker(1, { name: 'again1', directoryId: leaving?.directoryId ?? '' }).start();
    await sim.until('service', () => back.serving());
    await sim.scheduler.runFor(25_000);
    expect(ledBy(1)).toBe(0);
    expect(await catchUp(sim, 't')).toBe(30);
    await sim.until('the leaders', () => ledBy(1) === 10, 15_000);
    expect(ledBy(0)).toBe(10);
  });
});

describe('brokers whose streams break', () => {
  it('are never more than a third of all that are fenced for that alone', async () => {
    const { sim, first, brokers } = await startCluster(40, 9);
    const fenced = () => first.coordinator.image().brokers.count((broker) => broker.fenced);
    for (const broker of brokers.slice(0, 3)) broker.kill();
    await sim.until('the first three', () => fenced() === 3, 1_500);
    for (const broker of brokers.slice(3, 5)) broker.kill();
    await sim.scheduler.runFor(1_200);
    expect(fenced()).toBe(3);
    await sim.until('the next two, after a whole session', () => fenced() === 5, 3_500);
  });
});
