import { MoldauError } from '@moldau/kernel';
import { sizeInBytesAt } from '@moldau/records';
import { describe, expect, it } from 'vitest';
import { batch, drain, fill, numbers, setUpConsumer, take } from '../../testing/text-consumer.contract.ts';

describe.each(['stream', 'poll'] as const)('reading by %s', (fetchMode) => {
  it('gives all records of all partitions in their order, and goes on with what comes', async () => {
    const { cluster, consumer, scheduler } = setUpConsumer(2);
    const topic = cluster.createTopic('orders', 3);
    for (const partition of topic.partitions) fill(partition, 25);
    const reading = consumer({ fetchMode, assignment: [{ topic: 'orders' }] });
    const values = await scheduler.until(take(reading, 75));
    for (const index of [0, 1, 2]) expect(values.filter((value) => value.startsWith(`${index}:`))).toEqual(numbers(index, 0, 25));
    const next = take(reading, 1);
    await scheduler.runFor(2000);
    topic.partitions[1]?.append(batch({ values: ['late'] }));
    expect(await scheduler.until(next)).toEqual(['late']);
  });

  it('begins at an offset, a time, the end', async () => {
    const { cluster, consumer, scheduler } = setUpConsumer();
    const topic = cluster.createTopic('orders', 4);
    for (const partition of topic.partitions) fill(partition, 30);
    const reading = consumer({
      fetchMode,
      assignment: [
        { topic: 'orders', partition: 0, from: { offset: 17 } },
        { topic: 'orders', partition: 1, from: { timestampMs: 1010 } },
        { topic: 'orders', partition: 2, from: 'latest' },
        { topic: 'orders', partition: 3, from: { timestampMs: 9_999_999 } },
      ],
    });
    const values = await scheduler.until(take(reading, 33));
    expect(values.filter((value) => value.startsWith('0:'))).toEqual(numbers(0, 17, 30));
    expect(values.filter((value) => value.startsWith('1:'))).toEqual(numbers(1, 10, 30));
    await scheduler.runFor(50);
    for (const index of [2, 3]) topic.partitions[index]?.append(batch({ values: [`new ${index}`] }));
    expect((await scheduler.until(take(reading, 2))).sort()).toEqual(['new 2', 'new 3']);
  });

  it('stopAtEnd ends with what was there at the beginning', async () => {
    const { cluster, consumer, scheduler } = setUpConsumer();
    const topic = cluster.createTopic('orders', 3);
    fill(topic.partitions[0], 20);
    fill(topic.partitions[1], 5);
    const reading = consumer({ fetchMode, assignment: [{ topic: 'orders' }], stopAtEnd: true });
    const first = await scheduler.until(take(reading, 3));
    fill(topic.partitions[2], 5);
    const rest = await scheduler.until(drain(reading));
    expect([...first, ...rest].sort()).toEqual([...numbers(0, 0, 20), ...numbers(1, 0, 5)].sort());
  });

  it('gives batches with their bounds', async () => {
    const { cluster, consumer, scheduler } = setUpConsumer();
    const topic = cluster.createTopic('orders');
    fill(topic.partitions[0], 30);
    const reading = consumer({ fetchMode, assignment: [{ topic: 'orders', from: { offset: 5 } }], stopAtEnd: true });
    const seen: unknown[] = [];
    const read = (async () => {
      for await (const each of reading.batches()) {
        const { topic: name, partition, firstOffset, lastOffset, count, highWatermark } = each;
        seen.push([name, partition, firstOffset, lastOffset, count, highWatermark, [...each.records].length, [...each].length]);
      }
    })();
    await scheduler.until(read);
    expect(seen).toEqual([
      ['orders', 0, 5, 9, 5, 30, 5, 5],
      ['orders', 0, 10, 19, 10, 30, 10, 10],
      ['orders', 0, 20, 29, 10, 30, 10, 10],
    ]);
  });

  it('reads all compressions, large batches through the compute port', async () => {
    const { cluster, consumer, scheduler } = setUpConsumer();
    const topic = cluster.createTopic('orders');
    const large = Array.from({ length: 3000 }, (_, index) => `${index * 7919} ${(index * 104729) % 9973}`);
    for (const compression of ['gzip', 'snappy', 'lz4', 'zstd'] as const) {
      topic.partitions[0]?.append(batch({ values: ['small'], compression }));
      topic.partitions[0]?.append(batch({ values: large, compression }));
    }
    const reading = consumer({ fetchMode, assignment: [{ topic: 'orders' }], stopAtEnd: true });
    const each = ['small', ...large];
    expect(await scheduler.until(drain(reading))).toEqual([...each, ...each, ...each, ...each]);
  });

  it('follows the leader, and survives broken streams and brokers that stop', async () => {
    const { cluster, consumer, scheduler, network } = setUpConsumer(2);
    const topic = cluster.createTopic('orders');
    const partition = topic.partitions[0];
    const reading = consumer({ fetchMode, assignment: [{ topic: 'orders' }] });
    const all = take(reading, 100);
    for (let from = 0; from < 100; from += 10) {
      partition?.append(batch({ values: numbers(0, from, from + 10) }));
      await scheduler.runFor(200);
      if (from === 20) partition?.moveTo(1);
      if (from === 40) network.reset('client', 'broker-1');
      if (from === 60) for (const stream of [...(cluster.streams.get(1) ?? [])]) stream.goAway();
      if (from === 80) partition?.moveTo(0);
    }
    expect(await scheduler.until(all)).toEqual(numbers(0, 0, 100));
  });

  it('gives nothing from before a seek after it', async () => {
    const { cluster, consumer, scheduler } = setUpConsumer();
    const topic = cluster.createTopic('orders', 2);
    for (const partition of topic.partitions) fill(partition, 100);
    const reading = consumer({ fetchMode, assignment: [{ topic: 'orders', partition: 0 }] });
    expect(await scheduler.until(take(reading, 15))).toEqual(numbers(0, 0, 15));
    await scheduler.until(reading.seek({ topic: 'orders', partition: 0 }, { offset: 90 }));
    expect(await scheduler.until(take(reading, 5))).toEqual(numbers(0, 90, 95));
    await scheduler.until(reading.seek({ topic: 'orders', partition: 0 }, 'earliest'));
    expect(reading.position({ topic: 'orders', partition: 0 })).toBe(0);
    expect(await scheduler.until(take(reading, 100))).toEqual(numbers(0, 0, 100));
    await scheduler.until(reading.seek({ topic: 'orders', partition: 0 }, 'latest'));
    topic.partitions[0]?.append(batch({ values: ['new'] }));
    expect(await scheduler.until(take(reading, 1))).toEqual(['new']);
  });

  it('pauses and resumes without loss', async () => {
    const { cluster, consumer, scheduler } = setUpConsumer();
    const topic = cluster.createTopic('orders', 2);
    for (const partition of topic.partitions) fill(partition, 50);
    const reading = consumer({ fetchMode, assignment: [{ topic: 'orders' }] });
    const before = await scheduler.until(take(reading, 7));
    reading.pause({ topic: 'orders', partition: 0 });
    const rest = 50 - before.filter((value) => value.startsWith('1:')).length;
    const others = await scheduler.until(take(reading, rest));
    expect(others.every((value) => value.startsWith('1:'))).toBe(true);
    reading.resume({ topic: 'orders', partition: 0 });
    const last = await scheduler.until(take(reading, 100 - before.length - rest));
    expect([...before, ...others, ...last].filter((value) => value.startsWith('0:'))).toEqual(numbers(0, 0, 50));
  });

  it('an offset out of range is an error, or moves as the policy says', async () => {
    const { cluster, consumer, scheduler, statuses } = setUpConsumer();
    const topic = cluster.createTopic('orders');
    fill(topic.partitions[0], 30);
    topic.partitions[0]!.logStart = 10;
    const assignment = [{ topic: 'orders', from: { offset: 3 } }];
    const failed = await scheduler.until(take(consumer({ fetchMode, assignment }), 1).catch((error: unknown) => error));
    expect(failed).toMatchObject({
      reason: 'OFFSET_OUT_OF_RANGE',
      facts: { topic: 'orders', partition: '0', offset: '3', first_offset: '10', end_offset: '30' },
    });
    const moved = consumer({ fetchMode, assignment, onOutOfRange: 'earliest', stopAtEnd: true });
    expect(await scheduler.until(drain(moved))).toEqual(numbers(0, 10, 30));
    expect(statuses).toContainEqual({ kind: 'position-reset', topic: 'orders', partition: 0, from: 3, to: 10 });
  });

  it('an offset behind the end is an error also for a reader that stops at the end', async () => {
    const { cluster, consumer, scheduler } = setUpConsumer();
    fill(cluster.createTopic('orders').partitions[0], 30);
    const assignment = [{ topic: 'orders', partition: 0, from: { offset: 31 } }];
    const failed = await scheduler.until(drain(consumer({ fetchMode, assignment, stopAtEnd: true })).catch((error: unknown) => error));
    expect(failed).toMatchObject({ reason: 'OFFSET_OUT_OF_RANGE', facts: { offset: '31', end_offset: '30' } });
    const atEnd = [{ topic: 'orders', partition: 0, from: { offset: 30 } }];
    expect(await scheduler.until(drain(consumer({ fetchMode, assignment: atEnd, stopAtEnd: true })))).toEqual([]);
  });

  it('keeps what it has fetched below the prefetch limit while nobody reads', async () => {
    const { cluster, consumer, scheduler } = setUpConsumer();
    const topic = cluster.createTopic('orders');
    let total = 0;
    for (let index = 0; index < 200; index++) {
      const bytes = batch({ values: [`${index} ${'x'.repeat(100_000)}`] });
      total += sizeInBytesAt(bytes, 0);
      topic.partitions[0]?.append(bytes);
    }
    const read: number[] = [];
    const original = topic.partitions[0]!.read.bind(topic.partitions[0]);
    topic.partitions[0]!.read = (from, maxBytes) => {
      read.push(from);
      return original(from, maxBytes);
    };
    const reading = consumer({ fetchMode, assignment: [{ topic: 'orders' }], prefetchBytes: 4 * 1024 * 1024 });
    await scheduler.until(take(reading, 1));
    await scheduler.runFor(10_000);
    expect(total).toBeGreaterThan(20_000_000);
    expect(Math.max(...read) * 100_000).toBeLessThan(4.5 * 1024 * 1024);
    expect((await scheduler.until(take(reading, 199))).length).toBe(199);
  });
});

describe('assigning and closing', () => {
  it('assign adds, unassign takes away, new partitions of a whole topic are read from their beginning', async () => {
    const { cluster, consumer, scheduler } = setUpConsumer();
    const topic = cluster.createTopic('orders');
    const other = cluster.createTopic('other');
    fill(topic.partitions[0], 10);
    const reading = consumer({ assignment: [{ topic: 'orders', from: 'latest' }] });
    await scheduler.until(reading.endOffsets());
    await scheduler.runFor(50);
    fill(other.partitions[0], 5);
    await scheduler.until(reading.assign([{ topic: 'other' }]));
    expect(await scheduler.until(take(reading, 5))).toEqual(numbers(0, 0, 5));
    cluster.addPartitions('orders', 2);
    fill(topic.partitions[1], 5);
    expect(await scheduler.until(take(reading, 5))).toEqual(numbers(1, 0, 5));
    reading.unassign([{ topic: 'orders' }]);
    expect(reading.assignment()).toEqual([{ topic: 'other', partition: 0 }]);
    fill(topic.partitions[0], 5);
    other.partitions[0]?.append(batch({ values: ['last'] }));
    expect(await scheduler.until(take(reading, 1))).toEqual(['last']);
  });

  it('close ends iteration and leaves nothing running; so does aborting the signal', async () => {
    for (const byAbort of [false, true]) {
      const { cluster, consumer, scheduler, moldau } = setUpConsumer();
      cluster.createTopic('orders');
      const controller = new AbortController();
      const reading = consumer({ assignment: [{ topic: 'orders' }], signal: controller.signal });
      const all = drain(reading);
      await scheduler.runFor(100);
      if (byAbort) controller.abort();
      else await scheduler.until(reading.close());
      expect(await scheduler.until(all)).toEqual([]);
      expect(() => reading.assign([{ topic: 'orders' }])).toThrow(MoldauError);
      await scheduler.until(moldau.close());
      const closedAt = scheduler.nowMs;
      await scheduler.idle();
      expect(scheduler.nowMs - closedAt).toBeLessThan(1000);
    }
  });

  it('leaving a loop in the middle of a batch loses nothing, in either way of reading', async () => {
    const { cluster, consumer, scheduler } = setUpConsumer();
    const topic = cluster.createTopic('orders');
    fill(topic.partitions[0], 30, 10);
    const reading = consumer({ assignment: [{ topic: 'orders' }], stopAtEnd: true });
    expect(await scheduler.until(take(reading, 13))).toEqual(numbers(0, 0, 13));
    const next = await scheduler.until(reading.batches().next());
    expect(next.value === undefined ? [] : [...next.value].map(({ value }) => value)).toEqual(numbers(0, 13, 20));
    expect(await scheduler.until(drain(reading))).toEqual(numbers(0, 20, 30));
  });
});
