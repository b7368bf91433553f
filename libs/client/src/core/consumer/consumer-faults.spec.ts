import { RecordBatchBuilder } from '@moldau/records';
import type { SeededRandom } from '@moldau/testkit';
import { describe, expect, it } from 'vitest';
import type { FakeTopic } from '../../testing/fake-cluster.ts';
import { type Simulation, simulate } from '../../testing/simulation.contract.ts';
import type { Consumer } from './consumer.ts';

/** Seeds in each run; MOLDAU_SEEDS raises it, MOLDAU_SEED runs one alone. */
const SEEDS = Number(process.env['MOLDAU_SEEDS'] ?? 30);
const PARTITIONS = 3;
const DISTURBED_MS = 8_000;

function append(topic: FakeTopic, random: SeededRandom): void {
  const builder = new RecordBatchBuilder({ targetBytes: 1 << 20, maxBytes: 1 << 20 });
  for (let count = random.between(1, 20); count > 0; count--) builder.append(1, null, random.bytes(random.below(300)));
  random.pick(topic.partitions).append(builder.build({ compression: random.pick(['none', 'none', 'lz4'] as const) }));
}

/** What the consumer must give next of each partition. */
class Expectation {
  readonly #next = new Map<number, number>();
  received = 0;

  seek(partition: number, offset: number): void {
    this.#next.set(partition, offset);
  }

  take(partition: number, offset: number): void {
    expect(offset, `the next record of partition ${partition}`).toBe(this.#next.get(partition) ?? 0);
    this.#next.set(partition, offset + 1);
    this.received += 1;
  }

  next(partition: number): number {
    return this.#next.get(partition) ?? 0;
  }
}

async function disturbBroker(simulation: Simulation, topic: FakeTopic, random: SeededRandom): Promise<void> {
  const { cluster, network } = simulation;
  const brokerId = random.below(2);
  const streams = [...(cluster.streams.get(brokerId) ?? [])];
  switch (random.below(5)) {
    case 0:
      random.pick(topic.partitions).moveTo(brokerId);
      return;
    case 1:
      network.reset('client', `broker-${brokerId}`);
      return;
    case 2:
      for (const stream of streams) stream.goAway();
      return;
    case 3:
      for (const stream of [...streams, ...cluster.watches]) stream.break();
      return;
    default:
      append(topic, random);
  }
}

async function disturbConsumer(consumer: Consumer, topic: FakeTopic, expectation: Expectation, random: SeededRandom): Promise<void> {
  const { index, end } = random.pick(topic.partitions);
  const target = { topic: 'chaos', partition: index };
  switch (random.below(4)) {
    case 0: {
      const offset = random.below(end + 1);
      expectation.seek(index, offset);
      await consumer.seek(target, { offset });
      return;
    }
    case 1:
      consumer.pause(target);
      return;
    default:
      consumer.resume(target);
  }
}

async function read(consumer: Consumer, expectation: Expectation, random: SeededRandom, { scheduler }: Simulation): Promise<void> {
  for await (const { partition, offset } of consumer) {
    expectation.take(partition, offset);
    if (random.chance(0.05)) await new Promise<void>((resolve) => void scheduler.after(random.below(200), resolve));
  }
}

async function run(seed: number, fetchMode: 'stream' | 'poll'): Promise<void> {
  const simulation = simulate({ brokers: 2, seed, jitterMs: 10 });
  const { scheduler, cluster, random } = simulation;
  const topic = cluster.createTopic('chaos', PARTITIONS);
  for (const partition of topic.partitions) partition.hints = random.chance(0.5);
  const consumer = simulation.connect({ requestTimeoutMs: 2000 }).consumer({ fetchMode, assignment: [{ topic: 'chaos' }] });
  const expectation = new Expectation();
  const reading = read(consumer, expectation, random.fork(), simulation);
  // Its failure is seen where it is awaited.
  reading.catch(() => {});
  while (scheduler.nowMs < DISTURBED_MS) {
    append(topic, random);
    if (random.chance(0.3)) await disturbBroker(simulation, topic, random);
    if (random.chance(0.2)) await scheduler.until(disturbConsumer(consumer, topic, expectation, random));
    await scheduler.runFor(random.below(100));
  }
  for (const { index } of topic.partitions) consumer.resume({ topic: 'chaos', partition: index });
  await scheduler.runFor(30_000);
  for (const { index, end } of topic.partitions) expect(expectation.next(index), `all of partition ${index} is read`).toBe(end);
  await scheduler.until(consumer.close());
  await scheduler.until(reading);
  expect(expectation.received).toBeGreaterThan(100);
}

describe.each(['stream', 'poll'] as const)('a consumer by %s under random faults, seeks and pauses', (fetchMode) => {
  const only = process.env['MOLDAU_SEED'];
  const seeds = only === undefined ? Array.from({ length: SEEDS }, (_, index) => index + 1) : [Number(only)];

  it.each(seeds)('gives every record from its position on, once and in order (seed %i)', async (seed) => {
    await run(seed, fetchMode);
  });
});
