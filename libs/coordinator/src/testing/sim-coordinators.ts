import type { StaticConfigs } from '@moldau/cluster';
import { createMemoryMetadataStore, type MemoryMetadataStore, type MemoryStoreClient } from '@moldau/cluster/memory';
import type { Channel, CoordinatorId } from '@moldau/kernel';
import { callUnary, coordinatorService, decodeMessage, encodeMessage, type Method } from '@moldau/protocol';
import { RecordingLogger, RecordingMeter, SeededIds, SeededRandom, SimNetwork, type SimProcess, SimScheduler } from '@moldau/testkit';
import { type Coordinator, createCoordinator } from '../coordinator.ts';
import type { ShardKindFactory } from '../shards/shard-host.ts';
import { FakePartitions } from './fake-partitions.ts';
import { TestBroker, type TestBrokerOptions } from './test-broker.ts';

export interface SimCoordinator {
  readonly name: string;
  alive: boolean;
  readonly coordinator: Coordinator;
  readonly process: SimProcess;
  readonly client: MemoryStoreClient;
  readonly logger: RecordingLogger;
  readonly meter: RecordingMeter;
  /** kill -9. */
  kill(): void;
}

const PORT = 9093;

/** Coordinators, brokers that speak to them, and a metadata store, in virtual time. */
export class SimCoordinators {
  readonly random: SeededRandom;
  readonly scheduler: SimScheduler;
  readonly network: SimNetwork;
  readonly store: MemoryMetadataStore;
  readonly coordinators: SimCoordinator[] = [];
  /** What the brokers keep of internal topics. */
  readonly partitions = new FakePartitions();
  /** What coordinators host that start from now on. */
  shardKinds: readonly ShardKindFactory[] | undefined;
  private readonly fixedConfigs: StaticConfigs;
  private readonly adminChannels = new Map<string, Channel>();

  constructor(seed: number, fixedConfigs: StaticConfigs = new Map()) {
    this.random = new SeededRandom(seed);
    this.fixedConfigs = fixedConfigs;
    this.scheduler = new SimScheduler({ random: this.random });
    this.network = new SimNetwork({ scheduler: this.scheduler, random: this.random });
    this.store = createMemoryMetadataStore({ clock: this.scheduler.clock, scheduler: this.scheduler, random: this.random });
  }

  /** Starts a coordinator of this name; `latencyMs` is its way to the store. */
  start(name: string, latencyMs = 2): SimCoordinator {
    const process = this.scheduler.createProcess();
    const client = this.store.connect(process);
    client.faults.latencyMsMax = latencyMs;
    const node = this.network.node(name, process.scheduler);
    const logger = new RecordingLogger();
    const meter = new RecordingMeter();
    const deps = {
      store: client.store,
      clock: process.clock,
      scheduler: process.scheduler,
      random: this.random,
      ids: new SeededIds(this.random),
      logger,
      meter,
      connector: node.connector,
      ...(this.shardKinds === undefined ? {} : { shardKinds: this.shardKinds }),
    };
    const address = `${name}:${PORT}`;
    const coordinator = createCoordinator(deps, { coordinatorId: name as CoordinatorId, address, fixedConfigs: this.fixedConfigs });
    node.serve(PORT, 'internal', coordinator.handlers);
    coordinator.start();
    const kill = (): void => {
      started.alive = false;
      process.stop();
      this.network.kill(name);
      // The store's side of a dead client: nothing of it arrives any more.
      client.faults.partitioned = true;
    };
    const started: SimCoordinator = { name, alive: true, coordinator, process, client, logger, meter, kill };
    this.coordinators.push(started);
    return started;
  }

  broker(brokerId: number, options: Partial<TestBrokerOptions> = {}): TestBroker {
    const process = this.scheduler.createProcess();
    const name = options.name ?? `broker${brokerId}`;
    const ids = new SeededIds(this.random);
    const addresses = (): string[] => this.coordinators.map((coordinator) => `${coordinator.name}:${PORT}`);
    const node = this.network.node(name, process.scheduler);
    node.serve(PORT, 'internal', this.partitions.handlers());
    return new TestBroker({ process, connector: node.connector, addresses, ids, network: this.network }, { brokerId, name, ...options });
  }

  /** The active controller, when there is one. */
  active(): SimCoordinator | undefined {
    return this.coordinators.find(({ coordinator, alive }) => alive && coordinator.role() === 'active');
  }

  /** Runs until the condition holds; fails after `limitMs` of virtual time. */
  async until(what: string, condition: () => boolean, limitMs = 30_000): Promise<void> {
    const end = this.scheduler.nowMs + limitMs;
    while (!condition()) {
      if (this.scheduler.nowMs >= end) throw new Error(`not within ${limitMs} ms of virtual time: ${what}`);
      await this.scheduler.runFor(10);
    }
  }

  /** A client's admin call, as a broker would forward it; runs the simulation until it is answered. */
  admin<Request, Response>(
    to: SimCoordinator,
    method: Method<Request, Response>,
    request: Request,
    namespace = 'default',
  ): Promise<Response> {
    return this.scheduler.until(this.sendAdmin(to, method, request, namespace));
  }

  /** The same without running the simulation. */
  async sendAdmin<Request, Response>(
    to: SimCoordinator,
    method: Method<Request, Response>,
    request: Request,
    namespace = 'default',
  ): Promise<Response> {
    const payload = encodeMessage(method.request, request);
    const envelope = { method: method.path, payload, principal: 'test', namespace, clientId: 'test', traceparent: '', listener: 'client' };
    const response = await callUnary(this.adminChannel(to), coordinatorService.forward, envelope, { timeoutMs: 20_000 });
    return decodeMessage(method.response, response.payload);
  }

  adminChannel(to: SimCoordinator): Channel {
    const address = `${to.name}:${PORT}`;
    const channel = this.adminChannels.get(address) ?? this.network.node('admin', this.scheduler).connector.connect(address);
    this.adminChannels.set(address, channel);
    return channel;
  }
}
