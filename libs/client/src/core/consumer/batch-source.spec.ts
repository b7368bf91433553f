import { MoldauError } from '@moldau/kernel';
import { buildTransactionMarker } from '@moldau/records';
import { describe, expect, it } from 'vitest';
import { batch, drain, fill, numbers, setUpConsumer, type TextConsumer, take } from '../../testing/text-consumer.contract.ts';
import { serdes } from '../serdes.ts';

describe('what a consumer tells', () => {
  it('position, lag and ends', async () => {
    const { cluster, consumer, scheduler } = setUpConsumer();
    const topic = cluster.createTopic('orders', 2);
    fill(topic.partitions[0], 30);
    const reading = consumer({ assignment: [{ topic: 'orders' }] });
    await scheduler.until(take(reading, 12));
    expect(reading.position({ topic: 'orders', partition: 0 })).toBe(12);
    expect(reading.lag({ topic: 'orders', partition: 0 })).toBe(18);
    expect(await scheduler.until(reading.endOffsets())).toEqual([
      { topic: 'orders', partition: 0, offset: 30 },
      { topic: 'orders', partition: 1, offset: 0 },
    ]);
    expect(() => reading.position({ topic: 'orders', partition: 7 })).toThrow(/not assigned/);
  });

  it('a field that can not be deserialized, with its place, when it is read', async () => {
    const { cluster, moldau, scheduler } = setUpConsumer();
    const topic = cluster.createTopic('orders');
    topic.partitions[0]?.append(batch({ values: ['{"a":1}', 'no json', '{"a":2}'] }));
    const reading = moldau.consumer({ assignment: [{ topic: 'orders' }], valueDeserializer: serdes.json<unknown>(), stopAtEnd: true });
    const seen: unknown[] = [];
    const read = (async () => {
      for await (const record of reading) {
        try {
          seen.push(record.value);
        } catch (error) {
          seen.push(MoldauError.from(error).facts);
        }
      }
    })();
    await scheduler.until(read);
    expect(seen).toEqual([{ a: 1 }, { topic: 'orders', partition: '0', offset: '1', side: 'value' }, { a: 2 }]);
  });

  it('damage, with its place; the other partitions go on', async () => {
    const { cluster, consumer, scheduler } = setUpConsumer();
    const topic = cluster.createTopic('orders', 2);
    for (const partition of topic.partitions) fill(partition, 20);
    const second = topic.partitions[0]?.batches[1];
    second!.writeUInt8(second!.readUInt8(80) ^ 1, 80);
    const reading = consumer({ assignment: [{ topic: 'orders' }] });
    const seen: string[] = [];
    const errors: unknown[] = [];
    const read = (async () => {
      while (seen.length < 30) {
        try {
          for await (const record of reading) {
            seen.push(record.value ?? '');
            if (seen.length === 30) break;
          }
        } catch (error) {
          errors.push(error);
        }
      }
    })();
    await scheduler.until(read);
    expect(errors).toEqual([expect.objectContaining({ reason: 'CORRUPT_BATCH' })]);
    expect((errors[0] as MoldauError).facts).toMatchObject({ topic: 'orders', partition: '0', offset: '10' });
    expect(seen.filter((value) => value.startsWith('1:'))).toEqual(numbers(1, 0, 20));
    expect(seen.filter((value) => value.startsWith('0:'))).toEqual(numbers(0, 0, 10));
  });

  it('an unknown topic, an unknown partition, a cluster that is not there', async () => {
    const { cluster, consumer, scheduler, connect } = setUpConsumer();
    cluster.createTopic('orders');
    const reason = (reading: TextConsumer): Promise<unknown> => take(reading, 1).catch((error: unknown) => MoldauError.from(error).reason);
    expect(await scheduler.until(reason(consumer({ assignment: [{ topic: 'nothing' }] })))).toBe('UNKNOWN_TOPIC');
    expect(await scheduler.until(reason(consumer({ assignment: [{ topic: 'nothing' }], stopAtEnd: true })))).toBe('UNKNOWN_TOPIC');
    expect(await scheduler.until(reason(consumer({ assignment: [{ topic: 'orders', partition: 4 }] })))).toBe('UNKNOWN_PARTITION');
    const nowhere = connect({ bootstrap: 'broker-9:9092', requestTimeoutMs: 1000 }).consumer<string, string>({
      assignment: [{ topic: 'orders' }],
    });
    expect(await scheduler.until(reason(nowhere))).toBe('SERVER_UNREACHABLE');
  });

  it('a topic that is deleted meanwhile', async () => {
    const { cluster, consumer, scheduler } = setUpConsumer();
    const topic = cluster.createTopic('orders');
    fill(topic.partitions[0], 10);
    const reading = consumer({ assignment: [{ topic: 'orders' }] });
    await scheduler.until(take(reading, 10));
    cluster.deleteTopic('orders');
    expect(await scheduler.until(take(reading, 1).catch((error: unknown) => MoldauError.from(error).reason))).toBe('UNKNOWN_TOPIC');
  });
});

describe('transactions', () => {
  it('read_committed leaves out what was aborted, read_uncommitted shows it; markers are never seen', async () => {
    const { cluster, consumer, scheduler } = setUpConsumer();
    const topic = cluster.createTopic('orders');
    const partition = topic.partitions[0];
    partition?.append(batch({ values: ['plain'] }));
    partition?.append(batch({ values: ['aborted'], transactional: { producerId: 7, baseSequence: 0 } }));
    partition?.append(batch({ values: ['committed'], transactional: { producerId: 8, baseSequence: 0 } }));
    const marker = (producerId: number, outcome: 'abort' | 'commit'): Buffer =>
      buildTransactionMarker({ outcome, coordinatorEpoch: 0 }, { timestamp: 1000, producerId, producerEpoch: 0 });
    partition?.appendRaw(marker(7, 'abort'));
    partition?.appendRaw(marker(8, 'commit'));
    partition?.append(batch({ values: ['again'], transactional: { producerId: 7, baseSequence: 1 } }));
    cluster.abortedTransactions = [{ producerId: 7, firstOffset: 1 }];
    const assignment = [{ topic: 'orders' }];
    const committed = consumer({ assignment, isolation: 'read_committed', stopAtEnd: true });
    expect(await scheduler.until(drain(committed))).toEqual(['plain', 'committed', 'again']);
    const uncommitted = consumer({ assignment, stopAtEnd: true });
    expect(await scheduler.until(drain(uncommitted))).toEqual(['plain', 'aborted', 'committed', 'again']);
  });
});
