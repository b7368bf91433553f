import { MoldauError } from '@moldau/kernel';
import { Acks, encodeMessage, fetchService, metadataService, producerService } from '@moldau/protocol';
import { SimDisk } from '@moldau/testkit';
import { describe, expect, it } from 'vitest';
import { batchOf, openDirect, produceBatch, SimBroker } from './testing/sim-broker.ts';
import { SimCluster } from './testing/sim-cluster.ts';

const allTopics = { topics: [], allTopics: true };

describe('the start of a broker', () => {
  it('ends when it is registered, has caught up and may serve; until then it says why not', async () => {
    const sim = new SimBroker();
    sim.controller.keepFenced = true;
    let served = false;
    const starting = sim.broker.start().then(() => {
      served = true;
    });
    await sim.scheduler.runFor(2_000);
    expect(served).toBe(false);
    expect(sim.broker.readiness()).toEqual({ ready: false, reasons: ['the broker is starting', 'fenced by the controller'] });
    await expect(sim.call(metadataService.getMetadata, allTopics)).rejects.toMatchObject({ reason: 'BROKER_STARTING', retriable: true });
    sim.controller.keepFenced = false;
    await sim.scheduler.until(starting);
    expect(sim.broker.readiness()).toEqual({ ready: true });
  });

  it('reports that it has caught up only when its logs are open', async () => {
    const sim = new SimBroker();
    for (let count = 0; count < 3; count += 1) sim.controller.createTopic(`t${count}`, { partitions: 200, leader: 1 });
    await sim.scheduler.until(sim.broker.start());
    expect(sim.meter.value('moldau_broker_partitions')).toBe(600);
    // Led by an earlier life of the broker: this one may not lead in that epoch.
    expect(sim.meter.value('moldau_broker_leading_partitions')).toBe(0);
  });

  it('waits for a coordinator that is not there yet', async () => {
    const sim = new SimBroker({ coordinators: ['absent:1', 'coordinator:9093'] });
    await sim.scheduler.until(sim.broker.start());
    expect(sim.broker.readiness()).toEqual({ ready: true });
  });

  it('refuses a data directory of another broker', async () => {
    const disk = new SimDisk();
    const first = new SimBroker({}, disk);
    await first.scheduler.until(first.broker.start());
    await first.scheduler.until(first.broker.shutdown());
    const second = new SimBroker({ brokerId: 2 as never }, disk);
    await expect(second.scheduler.until(second.broker.start())).rejects.toMatchObject({ reason: 'WRONG_BROKER' });
  });

  it('finds its records again after a restart, and leads in a new epoch only', async () => {
    const disk = new SimDisk();
    const first = new SimBroker({}, disk);
    await first.scheduler.until(first.broker.start());
    const topicId = await first.topic('orders');
    await first.produce(topicId, [batchOf(['a', 'b'])]);
    await first.scheduler.until(first.broker.shutdown());
    const second = new SimBroker({}, disk);
    await second.scheduler.until(second.broker.start());
    expect(await second.topic('orders')).toBe(topicId);
    const [result] = await second.produce(topicId, [batchOf(['c'])]);
    expect(result).toMatchObject({ baseOffset: 2, error: undefined });
  });
});

describe('the session with the controller', () => {
  it('comes back after a break with the same life, and the data path goes on meanwhile', async () => {
    const sim = await SimBroker.started();
    const topicId = await sim.topic('orders');
    sim.network.partition(['broker'], ['coordinator']);
    await sim.scheduler.runFor(10_000);
    const [result] = await sim.produce(topicId, [batchOf(['a'])]);
    expect(result).toMatchObject({ baseOffset: 0, error: undefined });
    sim.network.heal();
    await sim.scheduler.runFor(30_000);
    expect(sim.controller.registrations.length).toBeGreaterThan(1);
    expect(new Set(sim.controller.registrations.map(({ incarnationId }) => incarnationId)).size).toBe(1);
    expect(sim.broker.readiness()).toEqual({ ready: true });
  });

  it('refuses a controller whose epoch is lower than one it has seen, also after a restart', async () => {
    const sim = await SimBroker.started();
    sim.controller.controllerEpoch = 6;
    const before = sim.controller.registrations.length;
    await sim.scheduler.runFor(5_000);
    expect(sim.controller.registrations.length).toBeGreaterThan(before + 1);
    expect(sim.controller.registrations.at(-1)?.controllerEpoch).toBe(7);
    sim.controller.controllerEpoch = 8;
    await sim.scheduler.runFor(3_000);
    expect(sim.broker.readiness()).toEqual({ ready: true });
  });

  it('begins again when the controller answers no heartbeats', async () => {
    const sim = await SimBroker.started();
    sim.controller.silent = true;
    await sim.scheduler.runFor(4_500);
    sim.controller.silent = false;
    await sim.scheduler.runFor(8_000);
    expect(sim.controller.registrations.length).toBeGreaterThan(1);
    expect(sim.broker.readiness()).toEqual({ ready: true });
  });

  it('rejoins when its session was over, and ends when a newer life has registered', async () => {
    const sim = await SimBroker.started();
    sim.controller.breakSessions(new MoldauError('FENCED_BROKER', 'the session is over'));
    await sim.scheduler.runFor(3_000);
    expect(sim.broker.readiness()).toEqual({ ready: true });
    expect(sim.fatal).toBeUndefined();
    sim.controller.supersede();
    sim.controller.breakSessions(new MoldauError('FENCED_BROKER', 'a newer life has registered'));
    await sim.scheduler.runFor(3_000);
    expect(sim.fatal).toBe('FENCED_BROKER');
  });

  it('ends when it belongs to another cluster', async () => {
    const sim = await SimBroker.started();
    sim.controller.breakSessions(new MoldauError('WRONG_CLUSTER', 'not mine'));
    await sim.scheduler.runFor(100);
    expect(sim.fatal).toBe('WRONG_CLUSTER');
    expect(sim.broker.readiness()).toMatchObject({ ready: false });
  });
});

describe('partitions and the metadata', () => {
  it('are made, led, given up and deleted as it says', async () => {
    const sim = await SimBroker.started();
    const topicId = await sim.topic('orders');
    await sim.produce(topicId, [batchOf(['a'])]);
    expect(sim.meter.value('moldau_broker_leading_partitions')).toBe(1);
    sim.controller.setPartition(topicId, 0, 2, { leader: 2, replicas: [1, 2] });
    await sim.scheduler.runFor(50);
    const [moved] = await sim.produce(topicId, [batchOf(['b'])]);
    expect(moved?.error).toMatchObject({ reason: 'NOT_LEADER', certainty: 1, retriable: true });
    sim.controller.deleteTopic(topicId, 1);
    await sim.scheduler.runFor(2_000);
    expect(sim.meter.value('moldau_broker_partitions')).toBe(0);
    expect([...sim.controller.removedTopicIds]).toEqual([topicId]);
    // The files stay for file.delete.delay.ms.
    await sim.scheduler.runFor(61_000);
    expect(await sim.scheduler.until(sim.disk.stat(`/data/topics/${topicId}`))).toBeUndefined();
  });

  it('keep the data of a topic that vanished without being listed as deleted', async () => {
    const sim = await SimBroker.started();
    const topicId = await sim.topic('orders');
    await sim.produce(topicId, [batchOf(['a'])]);
    sim.controller.deleteTopic(topicId, 1, false);
    await sim.scheduler.runFor(2_000);
    expect(sim.meter.value('moldau_broker_partitions')).toBe(0);
    expect(await sim.scheduler.until(sim.disk.list('/data/topics'))).toHaveLength(1);
    expect(sim.controller.removedTopicIds.size).toBe(0);
  });

  it('take new settings at once', async () => {
    const sim = await SimBroker.started();
    const topicId = await sim.topic('orders');
    expect((await sim.produce(topicId, [batchOf(['x'.repeat(5_000)])]))[0]?.error).toBeUndefined();
    sim.controller.configure(topicId, { 'max.message.bytes': '1000' });
    await sim.scheduler.runFor(50);
    expect((await sim.produce(topicId, [batchOf(['x'.repeat(5_000)])]))[0]?.error?.reason).toBe('RECORD_TOO_LARGE');
  });

  it('by the thousand are made without holding up the rest', async () => {
    const sim = await SimBroker.started();
    const topicId = await sim.topic('first');
    sim.controller.createTopic('many', { partitions: 1_000 });
    const started = sim.scheduler.nowMs;
    const [result] = await sim.produce(topicId, [batchOf(['a'])]);
    expect(result?.error).toBeUndefined();
    expect(sim.scheduler.nowMs - started).toBeLessThan(100);
    await sim.scheduler.runFor(2_000);
    expect(sim.meter.value('moldau_broker_leading_partitions')).toBe(1_001);
  });
});

describe('the interceptor', () => {
  it('takes only namespaces that are allowed', async () => {
    const sim = await SimBroker.started({ namespaces: ['team-a' as never] });
    const as = (namespace: string) =>
      sim.call(metadataService.getMetadata, allTopics, { metadata: new Map([['moldau-namespace', namespace]]) });
    await sim.topic('theirs', { namespace: 'team-a' });
    expect((await as('team-a')).topics.map(({ name }) => name)).toEqual(['theirs']);
    await expect(as('team-b')).rejects.toMatchObject({ reason: 'PERMISSION_DENIED', facts: { namespace: 'team-b' } });
    await expect(as('Team A')).rejects.toMatchObject({ reason: 'INVALID_NAMESPACE' });
  });

  it('limits requests and streams of one connection', async () => {
    const sim = await SimBroker.started({ streams: { perPeer: 2, perServer: 100 } });
    const opened = [1, 2, 3].map(() => sim.open(fetchService.fetchStream));
    await sim.scheduler.runFor(50);
    expect(opened.map(({ closed }) => closed)).toEqual([undefined, undefined, 'TOO_MANY_STREAMS']);
    opened[0]?.call.cancel();
    await sim.scheduler.runFor(50);
    const again = sim.open(fetchService.fetchStream);
    await sim.scheduler.runFor(50);
    expect(again.closed).toBeUndefined();
  });

  it('answers a unary call without a deadline within 30 s', async () => {
    const sim = await SimBroker.started();
    sim.controller.failure = new MoldauError('NOT_CONTROLLER', 'not here');
    const handler = sim.broker.clientHandlers.get('/moldau.v1.AdminService/DescribeCluster');
    if (handler?.kind !== 'unary') throw new Error('unary expected');
    const incoming = {
      path: '/moldau.v1.AdminService/DescribeCluster' as const,
      listener: 'client',
      peer: 'x:1',
      metadata: new Map(),
      timeoutMs: undefined,
      signal: new AbortController().signal,
    };
    const started = sim.scheduler.nowMs;
    await expect(sim.scheduler.until(handler.call(new Uint8Array(0), incoming))).rejects.toMatchObject({ name: 'StatusError' });
    expect(sim.scheduler.nowMs - started).toBeLessThanOrEqual(30_100);
  });

  it('refuses bytes that are no message, and counts calls and their errors', async () => {
    const sim = await SimBroker.started();
    const call = sim.channel.unary('/moldau.v1.FetchService/Fetch', Buffer.from([0xff, 0xff, 0xff]), { timeoutMs: 1_000 });
    await expect(sim.scheduler.until(call)).rejects.toMatchObject({ status: { code: 'INVALID_ARGUMENT' } });
    expect(sim.meter.value('moldau_requests_total', 'FetchService/Fetch')).toBe(1);
    expect(sim.meter.value('moldau_request_errors_total', 'FetchService/Fetch', 'INVALID_REQUEST')).toBe(1);
    expect(sim.meter.value('moldau_requests_under_way', 'FetchService/Fetch')).toBe(0);
  });

  it('survives bytes of every kind on every method', async () => {
    const sim = await SimBroker.started();
    const junk = [Buffer.alloc(0), Buffer.from('junk'), Buffer.alloc(100, 0xff), Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x07])];
    for (const [path, handler] of sim.broker.clientHandlers) {
      if (path.includes('AdminService')) continue;
      for (const bytes of junk) {
        if (handler.kind === 'stream') openDirect(sim, path).events?.message(bytes);
        else await sim.scheduler.until(sim.channel.unary(path, bytes, { timeoutMs: 2_000 }).catch(() => new Uint8Array(0)));
      }
    }
    await sim.scheduler.runFor(100);
    expect(sim.broker.readiness()).toEqual({ ready: true });
    expect(sim.logger.lines.filter(({ level }) => level === 'error')).toEqual([]);
  });
});

describe('shutdown', () => {
  it('sends clients away, answers what is unanswered, leaves and closes the directory cleanly', async () => {
    const sim = await SimBroker.started();
    const topicId = await sim.topic('orders');
    const producing = sim.open(producerService.produceStream);
    const fetching = sim.open(fetchService.fetchStream);
    const watching = sim.open(metadataService.watchMetadata);
    producing.call.send({ frame: { $case: 'configuration', value: { acks: Acks.ALL, timeoutMs: undefined } } });
    fetching.call.send({ frame: { $case: 'configuration', value: { isolation: 0, maxMessageBytes: undefined, creditBytes: undefined } } });
    watching.call.send(allTopics);
    await sim.scheduler.runFor(20);
    producing.call.send({ frame: { $case: 'append', value: { batches: [produceBatch(topicId, batchOf(['a']), { batchId: 1 })] } } });
    await sim.scheduler.runFor(1.5);
    await sim.scheduler.until(sim.broker.shutdown());
    await sim.scheduler.runFor(20);
    for (const stream of [producing, fetching, watching]) {
      expect(stream.messages.some(({ frame }) => frame?.$case === 'goAway')).toBe(true);
      expect(stream.closed).toBe('OK');
    }
    expect(producing.messages.some(({ frame }) => frame?.$case === 'results')).toBe(true);
    expect(sim.controller.wantedShutdown).toBe(true);
    await expect(sim.call(metadataService.getMetadata, allTopics)).rejects.toMatchObject({ reason: 'SHUTTING_DOWN' });
    expect((await sim.scheduler.until(sim.disk.list('/data'))).map(({ name }) => name)).toContain('clean-shutdown');
  });

  it('serves what it leads until the controller has moved it', async () => {
    const cluster = await SimCluster.started(2);
    const topicId = await cluster.topic({ replicas: [1, 2], minIsr: 2 });
    const { broker, scheduler } = cluster.broker(1);
    const stopped = broker.shutdown();
    await cluster.runFor(1_000);
    expect((await cluster.produce(1, topicId, ['a'])).error).toBeUndefined();
    cluster.controller.setPartition(topicId, 0, 2, { replicas: [1, 2], minIsr: 2, leader: 2 });
    await cluster.runFor(600);
    // In sync: the leader waits for it, so it goes on following.
    expect((await cluster.produce(2, topicId, ['b'])).error).toBeUndefined();
    cluster.controller.partitions.change(topicId, { isr: [2], minIsr: 1 });
    await scheduler.until(stopped);
    expect((await cluster.produce(2, topicId, ['c'])).error).toBeUndefined();
    expect(cluster.broker(1).broker.readiness()).toMatchObject({ ready: false });
  });

  it('waits no longer than it may for a client that does not read', async () => {
    const sim = await SimBroker.started({ shutdownTimeoutMs: 1_000 });
    const topicId = await sim.topic('orders', { replicas: [1, 2] });
    const stream = openDirect(sim, producerService.produceStream.path);
    const send = (message: Parameters<typeof producerService.produceStream.request.encode>[0]): void =>
      stream.events?.message(encodeMessage(producerService.produceStream.request, message));
    send({ frame: { $case: 'configuration', value: { acks: Acks.ALL, timeoutMs: undefined } } });
    send({ frame: { $case: 'append', value: { batches: [produceBatch(topicId, batchOf(['never confirmed']))] } } });
    const started = sim.scheduler.nowMs;
    await sim.scheduler.until(sim.broker.shutdown());
    expect(stream.status?.code).toBe('UNAVAILABLE');
    expect(sim.scheduler.nowMs - started).toBeLessThan(3_000);
  });

  it('may come before the broker has found its cluster', async () => {
    const sim = new SimBroker({ coordinators: ['absent:1'] });
    const starting = sim.broker.start();
    starting.catch(() => {});
    await sim.scheduler.runFor(500);
    await sim.scheduler.until(sim.broker.shutdown());
    await expect(starting).rejects.toMatchObject({ reason: 'SHUTTING_DOWN' });
  });
});
