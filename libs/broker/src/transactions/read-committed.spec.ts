import {
  callUnary,
  type FetchedPartition,
  type FetchRequest,
  fetchService,
  gatewayService,
  Isolation,
  type ReadRequest,
} from '@moldau/protocol';
import { batchesIn, isControlAt, nextOffsetAt, readBatch } from '@moldau/records';
import { SeededRandom } from '@moldau/testkit';
import { describe, expect, it } from 'vitest';
import { AbortedBatches } from '../fetch/aborted-batches.ts';
import { outcomes, type SimSession, SimTransactions } from '../testing/fake-transactions.ts';
import { batchOf } from '../testing/sim-broker.ts';

const session = (producerId: number, producerEpoch = 0): SimSession => ({ transactionalId: `tx-${producerId}`, producerId, producerEpoch });

const fetchOf = (topicId: string, fetchOffset: number, rest: Partial<FetchRequest> = {}): FetchRequest => ({
  maxWaitMs: 0,
  isolation: Isolation.READ_COMMITTED,
  partitions: [{ topicId, partition: 0, fetchOffset }],
  ...rest,
});

/** The values that a fetched partition has for a reader of committed records, and where it goes on. */
function committedOf({ recordBatches: bytes, abortedTransactions }: FetchedPartition): { values: string[]; next: number | undefined } {
  const aborted = new AbortedBatches(abortedTransactions);
  const values: string[] = [];
  let next: number | undefined;
  for (const { position } of batchesIn(bytes)) {
    next = nextOffsetAt(bytes, position);
    if (aborted.isAborted(bytes, position) || isControlAt(bytes, position)) continue;
    const reader = readBatch(bytes, position);
    for (let record = reader.readNext(); record !== undefined; record = reader.readNext()) {
      values.push(Buffer.from(record.value ?? []).toString());
    }
  }
  return { values, next };
}

async function fetched(rig: SimTransactions, request: FetchRequest): Promise<FetchedPartition> {
  const { partitions } = await rig.sim.call(fetchService.fetch, request);
  return partitions[0]!;
}

/** Everything from an offset on, by fetches of so many bytes. */
async function readAll(rig: SimTransactions, topicId: string, from: number, maxBytes: number): Promise<string[]> {
  const values: string[] = [];
  for (let at = from; ; ) {
    const read = committedOf(await fetched(rig, fetchOf(topicId, at, { maxBytes })));
    values.push(...read.values.slice(0));
    if (read.next === undefined) return values;
    at = read.next;
  }
}

async function readGateway(rig: SimTransactions, isolation: Isolation, from: number): Promise<string[]> {
  const opened = rig.sim.open<ReadRequest, { records: { value?: Uint8Array | undefined }[] }>(gatewayService.read);
  const position = { $case: 'offset' as const, value: from };
  opened.call.send({ topic: 'orders', partitions: [0], from: position, stopAtEnd: true, isolation });
  await rig.sim.scheduler.runFor(300);
  expect(opened.closed).toBe('OK');
  return opened.messages.flatMap(({ records }) => records.map(({ value }) => Buffer.from(value ?? []).toString()));
}

/** An aborted transaction at 0–2, an open one from 3 on, and records of nobody's transaction behind. */
async function mixed(): Promise<{ rig: SimTransactions; topicId: string }> {
  const rig = await SimTransactions.started();
  const topicId = await rig.sim.topic('orders');
  await rig.produce(topicId, session(1), [['gone', 'too']]);
  await rig.mark(topicId, [{ producerId: 1, producerEpoch: 1, outcome: 'abort' }]);
  await rig.produce(topicId, session(2), [['later']]);
  await rig.sim.produce(topicId, [batchOf(['plain'])]);
  return { rig, topicId };
}

describe('readers of committed records', () => {
  it('see nothing from the first undecided record on, and learn what was aborted', async () => {
    const { rig, topicId } = await mixed();
    const before = await fetched(rig, fetchOf(topicId, 0));
    expect(before).toMatchObject({ highWatermark: 5, lastStableOffset: 3, abortedTransactions: [{ producerId: 1, firstOffset: 0 }] });
    expect(committedOf(before)).toEqual({ values: [], next: 3 });
    await rig.mark(topicId, [{ producerId: 2, producerEpoch: 1, outcome: 'commit' }]);
    expect(committedOf(await fetched(rig, fetchOf(topicId, 0)))).toEqual({ values: ['later', 'plain'], next: 6 });
    const others = await fetched(rig, fetchOf(topicId, 0, { isolation: Isolation.READ_UNCOMMITTED }));
    expect(others.abortedTransactions).toEqual([]);
    expect(committedOf(others).values).toEqual(['gone', 'too', 'later', 'plain']);
  });

  it('are woken when the last stable offset moves', async () => {
    const { rig, topicId } = await mixed();
    const request = fetchOf(topicId, 3, { maxWaitMs: 5_000 });
    const startedMs = rig.sim.scheduler.nowMs;
    const fetching = callUnary(rig.sim.channel, fetchService.fetch, request, { timeoutMs: 10_000 });
    await rig.sim.scheduler.runFor(200);
    await rig.sim.produce(topicId, [batchOf(['more'])]);
    await rig.mark(topicId, [{ producerId: 2, producerEpoch: 1, outcome: 'commit' }]);
    const { partitions } = await rig.sim.scheduler.until(fetching);
    expect(committedOf(partitions[0]!).values).toEqual(['later', 'plain', 'more']);
    expect(rig.sim.scheduler.nowMs - startedMs).toBeLessThan(1_000);
  });

  it('are pushed what is decided, and told no end that they may not see', async () => {
    const { rig, topicId } = await mixed();
    const opened = rig.sim.open(fetchService.fetchStream);
    opened.call.send({ frame: { $case: 'configuration', value: { isolation: Isolation.READ_COMMITTED } } });
    const position = { positionId: 1, topicId, partition: 0, fetchOffset: 0 };
    opened.call.send({ frame: { $case: 'assign', value: { positions: [position] } } });
    await rig.sim.scheduler.runFor(50);
    const parts = () => opened.messages.flatMap(({ frame }) => (frame?.$case === 'records' ? frame.value.partitions : []));
    const valuesOf = () => parts().flatMap((part) => committedOf({ ...part, topicId, partition: 0 }).values);
    expect(valuesOf()).toEqual([]);
    expect(parts().at(-1)?.lastStableOffset).toBe(3);
    const messages = parts().length;
    await rig.sim.produce(topicId, [batchOf(['more'])]);
    await rig.sim.scheduler.runFor(50);
    // The high watermark alone is no news.
    expect(parts().length).toBe(messages);
    await rig.mark(topicId, [{ producerId: 2, producerEpoch: 1, outcome: 'abort' }]);
    await rig.sim.scheduler.runFor(50);
    expect(valuesOf()).toEqual(['plain', 'more']);
  });

  it('find the last stable offset as the latest', async () => {
    const { rig, topicId } = await mixed();
    const latest = async (isolation: Isolation): Promise<number | undefined> => {
      const queries = [{ topicId, partition: 0, position: { $case: 'latest' as const, value: {} } }];
      return (await rig.sim.call(fetchService.listOffsets, { isolation, queries })).results[0]?.offset;
    };
    expect(await latest(Isolation.READ_COMMITTED)).toBe(3);
    expect(await latest(Isolation.READ_UNCOMMITTED)).toBe(5);
    await expect(latest(7 as never)).rejects.toMatchObject({ reason: 'INVALID_REQUEST' });
  });

  it('read the same through the Gateway', async () => {
    const { rig, topicId } = await mixed();
    expect(await readGateway(rig, Isolation.READ_COMMITTED, 0)).toEqual([]);
    expect(await readGateway(rig, Isolation.READ_UNCOMMITTED, 0)).toEqual(['gone', 'too', 'later', 'plain']);
    await rig.mark(topicId, [{ producerId: 2, producerEpoch: 1, outcome: 'commit' }]);
    expect(await readGateway(rig, Isolation.READ_COMMITTED, 0)).toEqual(['later', 'plain']);
  });

  it('learn only of aborted transactions that a read has batches of, once there are many', async () => {
    const rig = await SimTransactions.started();
    const topicId = await rig.sim.topic('orders');
    for (let producerId = 1; producerId <= 150; producerId += 1) await rig.produce(topicId, session(producerId), [['open']]);
    for (let producerId = 1; producerId <= 150; producerId += 1) {
      await rig.mark(topicId, [{ producerId, producerEpoch: 1, outcome: 'abort' }]);
    }
    const part = await fetched(rig, fetchOf(topicId, 149, { maxBytes: 1 }));
    expect(part.abortedTransactions.map(({ producerId }) => producerId)).toEqual([150]);
  });

  it.each([1, 2, 3, 4, 5, 6])('see exactly the committed records in their order, whatever happens: seed %i', async (seed) => {
    const rig = await SimTransactions.started();
    const topicId = await rig.sim.topic('orders', { configs: { 'segment.bytes': '100000' } });
    const story = new Story(rig, topicId, new SeededRandom(seed));
    for (let step = 0; step < 60; step += 1) await story.step();
    const expected = story.visible();
    const random = new SeededRandom(seed + 100);
    for (const maxBytes of [1, 200, 1_000, 100_000]) {
      expect(await readAll(rig, topicId, 0, maxBytes)).toEqual(expected);
    }
    expect(await readGateway(rig, Isolation.READ_COMMITTED, 0)).toEqual(expected);
    const from = random.below(story.end + 1);
    expect(await readGateway(rig, Isolation.READ_COMMITTED, from)).toEqual(story.visible(from));
  });
});

interface Written {
  readonly offset: number;
  readonly value: string;
  /** Undefined: of no transaction. */
  readonly transaction: { outcome: 'open' | 'commit' | 'abort' } | undefined;
}

/** Random producers on one partition, and what a reader must see of them. */
class Story {
  readonly #rig: SimTransactions;
  readonly #topicId: string;
  readonly #random: SeededRandom;
  readonly #written: Written[] = [];
  readonly #producers = [1, 2, 3, 4].map((producerId) => ({
    producerId,
    epoch: 0,
    sequence: 0,
    transaction: undefined as { outcome: 'open' | 'commit' | 'abort' } | undefined,
  }));
  end = 0;

  constructor(rig: SimTransactions, topicId: string, random: SeededRandom) {
    this.#rig = rig;
    this.#topicId = topicId;
    this.#random = random;
  }

  async step(): Promise<void> {
    const producer = this.#producers[this.#random.below(this.#producers.length)]!;
    const values = Array.from({ length: 1 + this.#random.below(3) }, (_, at) => `${this.end}+${at}`);
    const dice = this.#random.below(10);
    if (dice < 2) {
      this.#note(await this.#rig.sim.produce(this.#topicId, [batchOf(values)]), values, undefined);
      return;
    }
    const { producerId, epoch, sequence } = producer;
    if (dice < 7) {
      producer.transaction ??= { outcome: 'open' };
      const results = await this.#rig.produce(this.#topicId, session(producerId, epoch), [values], { sequence });
      this.#note(results, values, producer.transaction);
      producer.sequence += values.length;
      return;
    }
    if (producer.transaction === undefined) return;
    const outcome = this.#random.below(2) === 0 ? 'commit' : 'abort';
    // As its coordinator does after a lost answer, now and then twice.
    const marker = { producerId, producerEpoch: epoch + 1, outcome } as const;
    const markers = this.#random.below(3) === 0 ? [marker, marker] : [marker];
    expect((await this.#rig.mark(this.#topicId, markers)).every(({ error }) => error === undefined)).toBe(true);
    producer.transaction.outcome = outcome;
    producer.transaction = undefined;
    producer.epoch += 1;
    producer.sequence = 0;
    this.end += 1;
  }

  #note(results: Parameters<typeof outcomes>[0], values: readonly string[], transaction: Written['transaction']): void {
    expect(outcomes(results)).toEqual([this.end]);
    for (const [at, value] of values.entries()) this.#written.push({ offset: this.end + at, value, transaction });
    this.end += values.length;
  }

  /** Values from an offset on, up to the first undecided record, without what was aborted. */
  visible(from = 0): string[] {
    const undecided = this.#written.findIndex(({ transaction }) => transaction?.outcome === 'open');
    const decided = undecided < 0 ? this.#written : this.#written.slice(0, undecided);
    const counts = decided.filter(({ offset, transaction }) => offset >= from && transaction?.outcome !== 'abort');
    return counts.map(({ value }) => value);
  }
}
