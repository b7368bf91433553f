import { COMPRESSION_NAMES, createMoldau, type Moldau } from '@moldau/client';
import { type SpawnedStandalone, spawnStandalone } from '@moldau/harness';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readAll } from './fixture/read-all.ts';
import { createTopic } from './fixture/topic.ts';

let server: SpawnedStandalone;
let moldau: Moldau;

beforeAll(async () => {
  server = await spawnStandalone();
  moldau = createMoldau({ bootstrap: server.address });
});

afterAll(async () => {
  await moldau?.close();
  await server?.dispose();
});

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));

describe('a record', () => {
  it.each(COMPRESSION_NAMES)('comes back as it was sent, batched with %s', async (compression) => {
    const topic = `codec-${compression}`;
    await createTopic(moldau, topic);
    const producer = moldau.producer({ compression });
    const values = Array.from({ length: 500 }, (_, index) => bytes(`value ${index} ${'x'.repeat(index)}`));
    const sent = await Promise.all(
      values.map((value, index) => producer.send({ topic, key: bytes(`key ${index}`), value, timestampMs: 1_700_000_000_000 + index })),
    );
    await producer.close();
    expect(sent.map(({ offset }) => offset)).toEqual(values.map((_, index) => index));
    const read = await readAll(moldau, topic);
    expect(read.map(({ offset }) => offset)).toEqual(values.map((_, index) => index));
    for (const [index, record] of read.entries()) {
      expect(Buffer.compare(record.value ?? Buffer.alloc(0), values[index] as Uint8Array)).toBe(0);
      expect(Buffer.from(record.key ?? []).toString()).toBe(`key ${index}`);
      expect(record.timestampMs).toBe(1_700_000_000_000 + index);
    }
  });

  it('keeps headers, null and empty keys and values, and every byte value apart', async () => {
    await createTopic(moldau, 'shapes');
    const all = Uint8Array.from({ length: 256 }, (_, index) => index);
    const producer = moldau.producer();
    await producer.send({ topic: 'shapes', key: null, value: null });
    await producer.send({ topic: 'shapes', key: new Uint8Array(0), value: new Uint8Array(0) });
    await producer.send({
      topic: 'shapes',
      key: all,
      value: all,
      headers: [
        ['a', all],
        ['a', 'second'],
        ['none', null],
        ['ž', ''],
      ],
    });
    await producer.close();
    const [nulls, empties, full] = await readAll(moldau, 'shapes');
    expect([nulls?.key, nulls?.value, nulls?.headers]).toEqual([null, null, []]);
    expect([empties?.key?.length, empties?.value?.length]).toEqual([0, 0]);
    expect([...(full?.value ?? [])]).toEqual([...all]);
    expect(full?.headers.map(([name, value]) => [name, value === null ? null : [...value]])).toEqual([
      ['a', [...all]],
      ['a', [...bytes('second')]],
      ['none', null],
      ['ž', []],
    ]);
  });

  it('of one key always goes to one partition, and stays in order there', async () => {
    await createTopic(moldau, 'keyed', { partitions: 6 });
    const producer = moldau.producer();
    await Promise.all(
      Array.from({ length: 600 }, (_, index) =>
        producer.send({ topic: 'keyed', key: bytes(`k${index % 20}`), value: bytes(String(index)) }),
      ),
    );
    await producer.close();
    const byKey = Map.groupBy(await readAll(moldau, 'keyed'), (record) => Buffer.from(record.key ?? []).toString());
    expect(byKey.size).toBe(20);
    for (const records of byKey.values()) {
      expect(new Set(records.map(({ partition }) => partition)).size).toBe(1);
      const numbers = records.map(({ value }) => Number(Buffer.from(value ?? []).toString()));
      expect(numbers).toEqual(numbers.toSorted((one, other) => one - other));
    }
  });
});

describe('acks', () => {
  it.each(['all', 'leader'] as const)('%s answers with the offset', async (acks) => {
    await createTopic(moldau, `acks-${acks}`);
    const producer = moldau.producer({ acks, idempotent: acks === 'all' });
    expect((await producer.send({ topic: `acks-${acks}`, value: bytes('x') })).offset).toBe(0);
    await producer.close();
    expect(await readAll(moldau, `acks-${acks}`)).toHaveLength(1);
  });

  it('none answers without one, and the record is there', async () => {
    await createTopic(moldau, 'acks-none');
    const producer = moldau.producer({ acks: 'none', idempotent: false });
    expect((await producer.send({ topic: 'acks-none', value: bytes('x') })).offset).toBeUndefined();
    await producer.close();
    await expect.poll(async () => (await readAll(moldau, 'acks-none')).length, { timeout: 5000 }).toBe(1);
  });
});

describe('reading', () => {
  it('begins at an offset, at a time, at the end', async () => {
    await createTopic(moldau, 'positions');
    const producer = moldau.producer();
    for (let index = 0; index < 100; index++)
      await producer.send({ topic: 'positions', value: bytes(String(index)), timestampMs: 1_000_000 + index * 10 });
    await producer.close();
    const first = async (from: Parameters<typeof readAll>[2]): Promise<number | undefined> =>
      (await readAll(moldau, 'positions', from))[0]?.offset;
    expect(await first({ partition: 0, from: { offset: 42 } })).toBe(42);
    expect(await first({ partition: 0, from: { timestampMs: 1_000_555 } })).toBe(56);
    expect(await first({ partition: 0, from: { timestampMs: 9_000_000 } })).toBeUndefined();
    expect(await first({ partition: 0, from: 'latest' })).toBeUndefined();
  });

  it('follows the end: what is published later arrives', async () => {
    await createTopic(moldau, 'followed');
    const consumer = moldau.consumer({ assignment: [{ topic: 'followed', from: 'earliest' }] });
    const producer = moldau.producer();
    const seen: string[] = [];
    const reading = (async () => {
      for await (const batch of consumer.batches()) {
        for (const { value } of batch.records) seen.push(Buffer.from(value ?? []).toString());
        if (seen.length >= 20) return;
      }
    })();
    for (let index = 0; index < 20; index++) await producer.send({ topic: 'followed', value: bytes(String(index)) });
    await reading;
    await consumer.close();
    await producer.close();
    expect(seen).toEqual(Array.from({ length: 20 }, (_, index) => String(index)));
  });
});
