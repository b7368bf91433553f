import { brokerId, type MethodPath } from '@moldau/kernel';
import type { ProduceBatchResult } from '@moldau/protocol';
import type { SimDisk } from '@moldau/testkit';
import type { BrokerOptions } from '../options.ts';
import type { FakeController } from './fake-controller.ts';
import type { FakeTopicOptions } from './fake-topic.ts';
import { batchOf, SimBroker } from './sim-broker.ts';

/** How long a test waits for what should come within a few seconds. */
const LIMIT_MS = 30_000;

/** Several brokers with one fake controller, in virtual time: they die, and come back with the disk they had. */
export class SimCluster {
  readonly #lives = new Map<number, SimBroker>();
  readonly #first: SimBroker;
  readonly #options: Partial<BrokerOptions>;
  /** Changes what arrives on streams of the brokers. */
  tamper: ((path: MethodPath, bytes: Uint8Array) => Uint8Array) | undefined;
  #seed = 1;

  private constructor(options: Partial<BrokerOptions>) {
    this.#options = options;
    this.#first = this.#begin(1, undefined, undefined);
  }

  /** Brokers 1 … `count` that serve. */
  static async started(count = 3, options: Partial<BrokerOptions> = {}): Promise<SimCluster> {
    const cluster = new SimCluster(options);
    for (let id = 2; id <= count; id += 1) cluster.#begin(id, undefined, cluster.#first);
    await cluster.#first.scheduler.until(Promise.all([...cluster.#lives.values()].map(({ broker }) => broker.start())));
    return cluster;
  }

  get controller(): FakeController {
    return this.#first.controller;
  }

  get network(): SimBroker['network'] {
    return this.#first.network;
  }

  broker(id: number): SimBroker {
    const broker = this.#lives.get(id);
    if (broker === undefined) throw new Error(`no broker ${id}`);
    return broker;
  }

  runFor(durationMs: number): Promise<void> {
    return this.#first.scheduler.runFor(durationMs);
  }

  /** A topic of one partition whose replicas follow each other. */
  async topic(options: FakeTopicOptions = {}): Promise<string> {
    const topicId = this.controller.createTopic('orders', { replicas: [1, 2, 3], minIsr: 2, ...options });
    await this.runFor(200);
    return topicId;
  }

  /** Produces one batch of these values to a leader. */
  async produce(leader: number, topicId: string, values: readonly string[], timeoutMs = 5_000): Promise<ProduceBatchResult> {
    const [result] = await this.broker(leader).produce(topicId, [batchOf(values)], { timeoutMs });
    if (result === undefined) throw new Error('no result');
    return result;
  }

  /** kill -9; the controller hears of it. */
  kill(id: number): void {
    const { process } = this.broker(id);
    process.stop();
    this.network.kill(nameOf(id));
    this.controller.fence(id);
  }

  /** Begins another life of the broker: with the disk as its kill left it, or with another. */
  async restart(id: number, disk: SimDisk = this.broker(id).disk.kill()): Promise<void> {
    const life = this.#begin(id, disk, this.#first);
    await life.scheduler.until(life.broker.start());
  }

  async until(what: string, condition: () => boolean): Promise<void> {
    const end = this.#first.scheduler.nowMs + LIMIT_MS;
    while (!condition()) {
      if (this.#first.scheduler.nowMs >= end) throw new Error(`not within ${LIMIT_MS} ms: ${what}`);
      await this.runFor(20);
    }
  }

  /** What a replica has in its segment files, one after the other. */
  logOf(id: number, topicId: string): Buffer {
    const { disk } = this.broker(id);
    const files = disk.paths().filter((path) => path.includes(`/topics/${topicId}/0/`) && path.endsWith('.log'));
    return Buffer.concat(files.sort().map((path) => disk.contents(path)));
  }

  isrOf(topicId: string): number[] {
    return [...this.controller.partitions.record(topicId).isr].sort();
  }

  #begin(id: number, disk: SimDisk | undefined, first: SimBroker | undefined): SimBroker {
    this.#seed += 1;
    const life = {
      name: nameOf(id),
      seed: this.#seed,
      tamper: (path: MethodPath, bytes: Uint8Array): Uint8Array => this.tamper?.(path, bytes) ?? bytes,
    };
    const broker = new SimBroker({ ...this.#options, brokerId: brokerId(id) }, disk, first, life);
    this.#lives.set(id, broker);
    return broker;
  }
}

function nameOf(id: number): string {
  return `broker${id}`;
}
