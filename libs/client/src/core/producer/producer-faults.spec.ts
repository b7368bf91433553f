import { MoldauError } from '@moldau/kernel';
import { SeededRandom } from '@moldau/testkit';
import { describe, expect, it } from 'vitest';
import type { FakeTopic, ProduceFault } from '../../testing/fake-cluster.ts';
import { type Simulation, simulate } from '../../testing/simulation.contract.ts';
import { serdes } from '../serdes.ts';
import type { ProducerOptions, RecordMetadata } from './producer-types.ts';

/** Seeds in each run; MOLDAU_SEEDS raises it, MOLDAU_SEED runs one alone. */
const SEEDS = Number(process.env['MOLDAU_SEEDS'] ?? 60);
const RECORDS = 300;
const BROKERS = 3;
const PARTITIONS = 4;

interface Outcome {
  /** From the call of send to the end of its promise. */
  readonly waitedMs: number;
  readonly value: string;
  readonly partition: number;
  readonly result: PromiseSettledResult<RecordMetadata>;
}

function randomFault(random: SeededRandom): ProduceFault | undefined {
  if (!random.chance(0.15)) return undefined;
  const retriable = new MoldauError(random.pick(['NOT_ENOUGH_REPLICAS', 'DISK_FULL', 'MEMORY_BUDGET_EXHAUSTED'] as const), 'scripted');
  const indefinite = new MoldauError(random.pick(['NOT_ENOUGH_REPLICAS_AFTER_APPEND', 'REQUEST_TIMED_OUT'] as const), 'scripted');
  return random.pick<ProduceFault>([
    { t: 'refuse', error: retriable },
    { t: 'append-and-refuse', error: indefinite },
    { t: 'break', appended: true },
    { t: 'break', appended: false },
    { t: 'silence' },
    { t: 'refuse', error: new MoldauError('INVALID_TIMESTAMP', 'scripted') },
  ]);
}

/** Leaders move, streams break, brokers vanish and return, for as long as `until` has not passed. */
function disturb(
  { scheduler, cluster, network, startBroker, stopBroker }: Simulation,
  topic: FakeTopic,
  random: SeededRandom,
  untilMs: number,
): void {
  if (scheduler.nowMs > untilMs) return;
  const partition = random.pick(topic.partitions);
  const alive = [...cluster.brokers.keys()];
  switch (random.below(6)) {
    case 0:
      partition.moveTo(random.pick(alive));
      break;
    case 1:
      partition.moveTo(undefined);
      scheduler.after(random.between(1, 500), () => partition.moveTo(random.pick([...cluster.brokers.keys()])));
      break;
    case 2:
      network.reset('client', `broker-${random.pick(alive)}`);
      break;
    case 3:
      for (const stream of [...(cluster.streams.get(random.pick(alive)) ?? [])]) stream.goAway();
      break;
    case 4:
      for (const stream of [...(cluster.streams.get(random.pick(alive)) ?? []), ...cluster.watches]) stream.break();
      break;
    default:
      if (alive.length < BROKERS) break;
      loseBroker({ cluster, scheduler, startBroker, stopBroker }, topic, random, random.pick(alive));
  }
  scheduler.after(random.between(1, 400), () =>
    disturb({ scheduler, cluster, network, startBroker, stopBroker } as Simulation, topic, random, untilMs),
  );
}

function loseBroker(
  { cluster, scheduler, startBroker, stopBroker }: Pick<Simulation, 'cluster' | 'scheduler' | 'startBroker' | 'stopBroker'>,
  topic: FakeTopic,
  random: SeededRandom,
  brokerId: number,
): void {
  stopBroker(brokerId);
  for (const partition of topic.partitions) if (partition.leaderId === brokerId) partition.moveTo(random.pick([...cluster.brokers.keys()]));
  scheduler.after(random.between(100, 2000), () => startBroker(brokerId));
}

async function run(
  seed: number,
  options: ProducerOptions<string, string>,
): Promise<{ readonly topic: FakeTopic; readonly outcomes: Outcome[]; readonly elapsedMs: number }> {
  const simulation = simulate({ brokers: BROKERS, seed, jitterMs: 20 });
  const { cluster, scheduler, random } = simulation;
  const topic = cluster.createTopic('chaos', PARTITIONS);
  for (const partition of topic.partitions) partition.hints = random.chance(0.5);
  const faults = random.fork();
  cluster.faults.produce = () => randomFault(faults);
  cluster.faults.answerDelayMs = () => faults.below(30);
  const producer = simulation.connect({ requestTimeoutMs: 2000 }).producer<string, string>({
    keySerializer: serdes.string,
    valueSerializer: serdes.string,
    batchBytes: 1024,
    ...options,
  });
  disturb(simulation, topic, random.fork(), 10_000);
  const sent: { readonly value: string; readonly partition: number; readonly promise: Promise<RecordMetadata>; waitedMs: number }[] = [];
  for (let index = 0; index < RECORDS; index++) {
    const partition = faults.below(PARTITIONS);
    const value = `${index}`;
    const promise = producer.send({ topic: 'chaos', partition, value: value.padEnd(100, '.') });
    const record = { value: value.padEnd(100, '.'), partition, promise, sentMs: scheduler.nowMs, waitedMs: 0 };
    const settled = (): void => {
      record.waitedMs = scheduler.nowMs - record.sentMs;
    };
    promise.then(settled, settled);
    sent.push(record);
    if (faults.chance(0.2)) await scheduler.runFor(faults.below(60));
  }
  scheduler.after(11_000, () => delete cluster.faults.produce);
  const results = await scheduler.until(Promise.allSettled(sent.map(({ promise }) => promise)));
  await scheduler.until(producer.close());
  return {
    topic,
    outcomes: sent.map(({ value, partition, waitedMs }, index) => ({ value, partition, waitedMs, result: results[index]! })),
    elapsedMs: scheduler.nowMs,
  };
}

/** What must hold of any run of an idempotent producer. */
function check({ topic, outcomes }: { readonly topic: FakeTopic; readonly outcomes: readonly Outcome[] }): void {
  for (const { index, ...partition } of topic.partitions.map((each) => ({ index: each.index, values: each.values() }))) {
    const { values } = partition;
    expect(new Set(values).size, 'no record twice').toBe(values.length);
    const numbers = values.map((value) => Number.parseInt(value, 10));
    expect(numbers, 'in the order they were sent').toEqual([...numbers].sort((one, other) => one - other));
    for (const { value, result } of outcomes.filter((outcome) => outcome.partition === index)) {
      if (result.status === 'fulfilled') {
        expect(values[result.value.offset ?? -1], 'an acknowledged record is where its acknowledgement says').toBe(value);
        continue;
      }
      const error: unknown = result.reason;
      expect(error).toBeInstanceOf(MoldauError);
      if (error instanceof MoldauError && error.certainty === 'definite') {
        expect(values, `${error.reason} says that it was not written`).not.toContain(value);
      }
    }
  }
}

describe('a producer under random faults', () => {
  const only = process.env['MOLDAU_SEED'];
  const seeds = only === undefined ? Array.from({ length: SEEDS }, (_, index) => index + 1) : [Number(only)];

  it.each(seeds)('writes each record once, in order, or tells truly (seed %i)', async (seed) => {
    const random = new SeededRandom(seed);
    const compression = random.pick(['none', 'lz4'] as const);
    check(await run(seed, { compression, maxInFlightBatches: random.between(1, 5) }));
  });

  it.each(seeds.slice(0, 20))('keeps its promises within a short delivery timeout (seed %i)', async (seed) => {
    const deliveryTimeoutMs = 1500;
    const ran = await run(seed, { deliveryTimeoutMs });
    check(ran);
    // The first ones also wait for the topic's metadata.
    for (const { waitedMs } of ran.outcomes) expect(waitedMs).toBeLessThanOrEqual(deliveryTimeoutMs + 2000);
  });

  it.each(seeds.slice(0, 10))('without idempotence loses nothing that it acknowledged (seed %i)', async (seed) => {
    const { topic, outcomes } = await run(seed, { idempotent: false, acks: 'leader' });
    for (const { value, partition, result } of outcomes) {
      if (result.status === 'fulfilled') expect(topic.partitions[partition]?.values()[result.value.offset ?? -1]).toBe(value);
    }
  });
});
