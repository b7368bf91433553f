import { MoldauError } from '@moldau/kernel';
import { SeededRandom } from '@moldau/testkit';
import { describe, expect, it } from 'vitest';
import { fill } from '../../testing/text-consumer.contract.ts';
import { setUpGroup } from '../../testing/text-group.contract.ts';
import { failure, TEXT } from '../../testing/text-producer.contract.ts';
import { serdes } from '../serdes.ts';
import type { Transform } from './transform.ts';
import type { TransformOptions } from './transform-types.ts';

type Options = Partial<TransformOptions<string, string, string, string>>;

const IN = 3;
/** So that ends are given up while nobody knows how they went. */
const IMPATIENT = { ...TEXT, maxBlockMs: 150 };
const DESERIALIZERS = { keyDeserializer: serdes.string, valueDeserializer: serdes.string };

function setUp(brokers = 1) {
  const simulation = setUpGroup(brokers);
  const { cluster, moldau } = simulation;
  const input = cluster.createTopic('orders', IN);
  const output = cluster.createTopic('copies', 2);
  cluster.transactions.commitToGroups();
  const start = (options: Options = {}): Transform =>
    moldau.transform<string, string, string, string>({
      group: 'readers',
      from: 'orders',
      to: 'copies',
      transactionalId: 'copy',
      transform: ({ value }) => ({ key: value, value }),
      ...(options.process === undefined ? {} : { transform: undefined }),
      source: DESERIALIZERS,
      sink: TEXT,
      ...options,
    } as TransformOptions<string, string, string, string>);
  const written = (): string[] => output.partitions.flatMap((partition) => partition.committedValues()).sort();
  const wanted = (count: number): string[] =>
    Array.from({ length: IN }, (_, index) => Array.from({ length: count }, (_, at) => `${index}:${at}`))
      .flat()
      .sort();
  return { ...simulation, input, output, start, written, wanted };
}

describe('a transform', () => {
  it('copies each record once, in few transactions, with its offsets', async () => {
    const { input, start, scheduler, written, wanted, committed } = setUp(2);
    for (const partition of input.partitions) fill(partition, 500);
    const transform = start({ maxRecords: 300 });
    await scheduler.runFor(2_000);
    expect(written()).toEqual(wanted(500));
    expect([0, 1, 2].map(committed)).toEqual([500, 500, 500]);
    expect(transform.stats()).toEqual({ recordsIn: 1_500, commits: 5, retries: 0 });
    for (const partition of input.partitions) fill(partition, 1);
    await scheduler.runFor(500);
    expect(committed(0)).toBe(501);
    await scheduler.until(transform.close());
    await transform.finished;
    const closedAt = scheduler.nowMs;
    await scheduler.idle();
    expect(scheduler.nowMs - closedAt).toBeLessThan(20_000);
  });

  it('goes on where the last one ended', async () => {
    const { input, start, scheduler, written, wanted } = setUp();
    for (const partition of input.partitions) fill(partition, 40, 7);
    const first = start({ maxRecords: 50 });
    await scheduler.runFor(60);
    await scheduler.until(first.close());
    const second = start({ maxRecords: 50, transform: async ({ value }) => [{ key: value, value }] });
    await scheduler.runFor(5_000);
    expect(written()).toEqual(wanted(40));
    await scheduler.until(second.close());
  });

  it('leaves out what becomes nothing, and writes to where a result says', async () => {
    const { input, start, scheduler, cluster, written } = setUp();
    const other = cluster.createTopic('others');
    for (const partition of input.partitions) fill(partition, 4);
    const transform = start({
      transform: ({ value, partition, offset }) =>
        offset % 2 === 0
          ? null
          : partition === 0
            ? [
                { topic: 'others', value },
                { topic: 'others', value },
              ]
            : { value },
    });
    await scheduler.runFor(2_000);
    expect(written()).toEqual(['1:1', '1:3', '2:1', '2:3']);
    expect(other.partitions[0]?.committedValues()).toEqual(['0:1', '0:1', '0:3', '0:3']);
    await scheduler.until(transform.close());
  });

  it('repeats a transaction that fails, and gives up when the same records fail too often', async () => {
    const { input, start, scheduler, written, wanted } = setUp();
    for (const partition of input.partitions) fill(partition, 10);
    let left = 3;
    const process: Options['process'] = async (records, transaction) => {
      for (const { value } of records) void transaction.send({ topic: 'copies', value });
      left -= 1;
      if (left >= 0) throw new Error('not now');
    };
    const transform = start({ process, attempts: 4 });
    await scheduler.runFor(5_000);
    expect(written()).toEqual(wanted(10));
    expect(transform.stats().retries).toBe(3);
    left = 4;
    for (const partition of input.partitions) fill(partition, 1);
    expect(await scheduler.until(transform.finished.catch((error: unknown) => (error as Error).message))).toBe('not now');
    expect(written()).toEqual(wanted(10));
  });

  it('gives up at records that no topic takes', async () => {
    const { input, start, scheduler } = setUp();
    for (const partition of input.partitions) fill(partition, 10);
    const transform = start({ transform: () => ({ value: 'x'.repeat(2_000_000) }), attempts: 2 });
    const error = await scheduler.until(failure(transform.finished));
    expect(error).toMatchObject({ reason: 'TRANSACTION_ABORTED', cause: { reason: 'RECORD_TOO_LARGE' } });
  });

  it('copies nothing twice when its cluster is away for longer than its session, and takes it for the same member afterwards', async () => {
    const { input, start, scheduler, written, wanted, cluster, group, committed } = setUp();
    const down = new MoldauError('COORDINATOR_NOT_AVAILABLE', 'scripted');
    const transform = start();
    await scheduler.runFor(1_000);
    for (const partition of input.partitions) fill(partition, 10);
    cluster.transactions.fault = (call) => (call === 'offsets' ? { carriedOut: false, error: down } : undefined);
    await scheduler.runFor(500);
    const stable = cluster.faults.fetchOffsets;
    cluster.faults.membership = () => down;
    for (const stream of [...(cluster.streams.get(0) ?? [])]) stream.break();
    // Nobody counts sessions meanwhile: a new owner of the group would begin them anew.
    for (const member of group.members.values()) member.session?.cancel();
    await scheduler.runFor(7_000);
    delete cluster.faults.membership;
    let fetches = 0;
    cluster.faults.fetchOffsets = () => {
      const fault = stable?.();
      if (fault === undefined) fetches += 1;
      return fault;
    };
    while (fetches === 0) await scheduler.runFor(1);
    cluster.transactions.fault = undefined;
    await scheduler.runFor(5_000);
    expect(written()).toEqual(wanted(10));
    expect([0, 1, 2].map(committed)).toEqual([10, 10, 10]);
    await scheduler.until(transform.close());
  });

  it('ends when another process has its transactional id', async () => {
    const { input, start, scheduler, moldau } = setUp();
    const transform = start();
    for (const partition of input.partitions) fill(partition, 10);
    await scheduler.runFor(1_000);
    const usurper = moldau.transactionalProducer({ transactionalId: 'copy-0' });
    await scheduler.until(usurper.begin());
    for (const partition of input.partitions) fill(partition, 10);
    expect(await scheduler.until(failure(transform.finished))).toMatchObject({ reason: 'FENCED_PRODUCER' });
  });

  it('refuses options that do not fit', () => {
    const { start } = setUp();
    expect(() => start({ maxRecords: 0 })).toThrow(/maxRecords/);
    expect(() => start({ members: 65 })).toThrow(/members/);
    expect(() => start({ transform: undefined } as unknown as Options)).toThrow(/transform/);
    expect(() => start({ transactionalId: 'a b' })).toThrow(/transactional id/);
  });
});

describe('whatever happens', () => {
  const seeds = Array.from({ length: Number(process.env['MOLDAU_SEEDS'] ?? 12) }, (_, index) => index + 1);

  it.each(seeds)('each record is written exactly once (seed %i)', async (seed) => {
    const { input, start, scheduler, written, wanted, cluster, group, committed } = setUp(2);
    const random = new SeededRandom(seed);
    cluster.transactions.completionMs = random.below(20);
    const faulty = { on: true };
    cluster.transactions.fault = () =>
      faulty.on && random.chance(0.3)
        ? { carriedOut: random.chance(0.5), error: new MoldauError('REQUEST_TIMED_OUT', 'scripted') }
        : undefined;
    const failing = random.fork();
    const transform: Options['transform'] = ({ value }) => {
      if (faulty.on && failing.chance(0.0005)) throw new Error('unlucky');
      return { key: value, value };
    };
    const running: Transform[] = [];
    const begin = (name: string): void => {
      running.push(
        start({ transactionalId: name, members: 2, maxRecords: 20, maxWaitMs: 20, attempts: 1_000, transform, sink: IMPATIENT }),
      );
    };
    begin('one');
    for (let round = 0; round < 30; round++) {
      for (const partition of input.partitions) fill(partition, 10, 3);
      await scheduler.runFor(random.between(5, 200));
      switch (random.below(5)) {
        case 0:
          begin(`p${round}`);
          break;
        case 1:
          if (running.length > 1) await scheduler.until(running.shift()?.close() ?? Promise.resolve());
          break;
        case 2:
          group.remove(random.pick([...group.members.keys(), 'none']), new MoldauError('UNKNOWN_MEMBER', 'scripted'));
          break;
        case 3:
          cluster.transactions.timeOut(random.pick(cluster.transactions.ids.length > 0 ? [...cluster.transactions.ids] : ['none']));
          break;
        default:
          for (const stream of [...(cluster.streams.get(random.below(2)) ?? [])]) stream.break();
      }
    }
    faulty.on = false;
    await scheduler.runFor(120_000);
    expect([0, 1, 2].map(committed)).toEqual([300, 300, 300]);
    expect(written()).toHaveLength(900);
    expect(new Set(written()).size).toBe(30);
    expect(written()).toEqual(
      Array.from({ length: 30 }, () => wanted(10))
        .flat()
        .sort(),
    );
    for (const each of running) await scheduler.until(each.close());
  });
});
