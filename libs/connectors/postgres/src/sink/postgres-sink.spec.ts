import { type JsonObject, RecordError, RetriableError, type SinkTask, type StructSchema } from '@moldau/connect';
import { collectErrors, createSinkContext, createSinkRecord } from '@moldau/connect/testing';
import { type PostgresServer, startPostgres, whyNoPostgres } from '@moldau/real-systems';
import { Client } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { postgresSink } from './postgres-sink.ts';

const absent = whyNoPostgres();
const { signal } = new AbortController();
let server: PostgresServer;

beforeAll(async () => {
  if (absent === undefined) server = await startPostgres();
});

afterAll(async () => {
  if (absent === undefined) await server.stop();
});

beforeEach((context) => {
  if (absent !== undefined) context.skip(absent);
});

async function query(text: string): Promise<readonly unknown[]> {
  const client = new Client({ connectionString: server.url });
  await client.connect();
  try {
    const { rows } = await client.query<object>(text);
    return rows;
  } finally {
    await client.end();
  }
}

function start(settings: JsonObject = {}): Promise<SinkTask> {
  const parsed = postgresSink.config.parse({ 'connection.url': server.url, 'auto.create': true, ...settings });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.errors));
  return postgresSink.start(parsed.config, createSinkContext());
}

const UPSERT = { 'insert.mode': 'upsert', 'pk.mode': 'record_key', 'pk.fields': 'id' };

const schema: StructSchema = {
  type: 'struct',
  fields: [
    { name: 'name', schema: { type: 'string' } },
    { name: 'price', schema: { type: 'decimal', scale: 2, optional: true } },
    { name: 'at', schema: { type: 'timestamp', optional: true } },
    { name: 'day', schema: { type: 'date', optional: true } },
    { name: 'raw', schema: { type: 'bytes', optional: true } },
    { name: 'tags', schema: { type: 'array', items: { type: 'string' }, optional: true } },
  ],
};

describe('the PostgreSQL sink', () => {
  it('makes a table after the schema and writes every type, whatever is in it', async () => {
    const task = await start(UPSERT);
    const value = {
      name: 'a "b" \\ {c},\n',
      price: '12.30',
      at: 1_700_000_000_123,
      day: 19_000,
      raw: new Uint8Array([0, 255]),
      tags: ['x', '"y"'],
    };
    const key = { schema: { type: 'int64' as const }, value: 9_007_199_254_740_993n };
    await task.put([createSinkRecord(null, { topic: 'types', key, value: { schema, value } })], signal);
    await task.close();
    expect(await query("SELECT id::text, name, price::text, at, day::text, encode(raw, 'hex') AS raw, tags FROM types")).toEqual([
      {
        id: '9007199254740993',
        name: value.name,
        price: '12.30',
        at: new Date(value.at),
        day: '2022-01-08',
        raw: '00ff',
        tags: ['x', '"y"'],
      },
    ]);
  });

  it('writes the same records twice and the rows are there once', async () => {
    const task = await start(UPSERT);
    const records = Array.from({ length: 5_000 }, (_, offset) =>
      createSinkRecord({ n: offset }, { topic: 'twice', offset, key: { value: offset % 1_000 } }),
    );
    for (let times = 0; times < 2; times += 1) await task.put(records, signal);
    expect(await task.flush('interval', signal)).toEqual([{ topic: 'twice', partition: 0, offset: 5_000 }]);
    await task.close();
    expect(await query('SELECT count(*)::int AS rows, min(n)::int AS least, max(n)::int AS most FROM twice')).toEqual([
      { rows: 1_000, least: 4_000, most: 4_999 },
    ]);
  });

  it('deletes the row of a key whose value is null, and the last record of a key wins', async () => {
    const task = await start({ ...UPSERT, 'delete.enabled': true });
    const put = (entries: readonly (readonly [number, JsonObject | null])[]): Promise<void> =>
      task.put(
        entries.map(([id, value], offset) => createSinkRecord(value, { topic: 'gone', offset, key: { value: id } })),
        signal,
      );
    await put([
      [1, { a: 1 }],
      [2, { a: 2 }],
      [3, { a: 3 }],
    ]);
    await put([
      [1, null],
      [2, null],
      [2, { a: 20 }],
      [3, { a: 30 }],
      [3, null],
      [4, null],
    ]);
    await task.close();
    expect(await query('SELECT id::int, a::int FROM gone')).toEqual([{ id: 2, a: 20 }]);
  });

  it('tells records apart by topic, partition and offset where they have no key', async () => {
    const task = await start({ 'insert.mode': 'upsert', 'pk.mode': 'kafka' });
    const records = [0, 1, 2].map((offset) => createSinkRecord({ a: offset }, { topic: 'kafka', offset }));
    await task.put(records, signal);
    await task.put(records, signal);
    await task.close();
    expect(await query('SELECT __connect_partition AS partition, __connect_offset::int AS offset FROM kafka ORDER BY 2')).toEqual(
      [0, 1, 2].map((offset) => ({ partition: 0, offset })),
    );
  });

  it('inserts and updates by fields of the value', async () => {
    const insert = await start({ 'pk.mode': 'record_value', 'pk.fields': 'id' });
    await insert.put([createSinkRecord({ id: 1, a: 'x' }, { topic: 'plain' })], signal);
    await expect(insert.put([createSinkRecord({ id: 1, a: 'y' }, { topic: 'plain' })], signal)).rejects.toThrow(/duplicate key/);
    await insert.close();
    const update = await start({ 'insert.mode': 'update', 'pk.mode': 'record_value', 'pk.fields': 'id' });
    await update.put(
      [createSinkRecord({ id: 1, a: 'z' }, { topic: 'plain' }), createSinkRecord({ id: 2, a: 'n' }, { topic: 'plain' })],
      signal,
    );
    await update.close();
    expect(await query('SELECT id::int, a FROM plain')).toEqual([{ id: 1, a: 'z' }]);
  });

  it('adds columns that appear, and keeps the order of records that set different columns', async () => {
    const task = await start({ ...UPSERT, 'auto.evolve': true });
    const record = (value: JsonObject) => createSinkRecord(value, { topic: 'grows', key: { value: 1 } });
    await task.put([record({ a: 1 })], signal);
    await task.put([record({ a: 2, b: 'new' }), record({ a: 3 })], signal);
    await task.close();
    expect(await query('SELECT id::int, a::int, b FROM grows')).toEqual([{ id: 1, a: 3, b: 'new' }]);
  });
});

describe('what the PostgreSQL sink refuses', () => {
  it('a table or a column that it may not make, by name', async () => {
    const strict = await start({ ...UPSERT, 'auto.create': false });
    await expect(strict.put([createSinkRecord({ a: 1 }, { topic: 'missing', key: { value: 1 } })], signal)).rejects.toThrow(
      'the table missing does not exist, and auto.create is false',
    );
    await query('CREATE TABLE narrow (id int PRIMARY KEY)');
    await expect(strict.put([createSinkRecord({ a: 1 }, { topic: 'narrow', key: { value: 1 } })], signal)).rejects.toThrow(
      'the table narrow has no column a, and auto.evolve is false',
    );
    await strict.close();
    const evolving = await start({ ...UPSERT, 'auto.evolve': true });
    const required: StructSchema = { type: 'struct', fields: [{ name: 'must', schema: { type: 'int32' } }] };
    const record = createSinkRecord(null, { topic: 'narrow', key: { value: 1 }, value: { schema: required, value: { must: 1 } } });
    await expect(evolving.put([record], signal)).rejects.toThrow(/narrow can't be given the column must/);
    await evolving.close();
  });

  it('one record at fault among many: it is named, and nothing was written', async () => {
    const task = await start(UPSERT);
    const record = (offset: number, a: string | number) => createSinkRecord({ a }, { topic: 'faulty', offset, key: { value: offset } });
    await task.put([record(0, 1)], signal);
    const records = Array.from({ length: 100 }, (_, index) => record(index + 1, index === 62 ? 'no number' : 1));
    const error: unknown = await task.put(records, signal).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(RecordError);
    expect(error).toMatchObject({
      index: 62,
      message: expect.stringMatching(/invalid input syntax for type bigint: "no number"/) as unknown,
    });
    expect(await query('SELECT count(*)::int AS rows FROM faulty')).toEqual([{ rows: 1 }]);
    await task.put(records.toSpliced(62, 1), signal);
    expect(await query('SELECT count(*)::int AS rows FROM faulty')).toEqual([{ rows: 100 }]);
    await task.close();
  });

  it('records that are no rows', async () => {
    const task = await start(UPSERT);
    for (const [record, message] of [
      [createSinkRecord('text', { key: { value: 1 } }), /the value is no object/],
      [createSinkRecord({ a: 1 }), /the record has no key/],
      [createSinkRecord(null, { key: { value: 1 } }), /delete.enabled/],
    ] as const) {
      await expect(task.put([record], signal)).rejects.toThrow(message);
    }
    await task.close();
  });

  it('a password in the address, without repeating it', () => {
    for (const url of ['postgres://me:hush@db/x', 'jdbc:postgresql://db/x?user=me&password=hush']) {
      expect(collectErrors(postgresSink.config, { 'connection.url': url })).toEqual([
        'connection.url: holds a password; connection.password is its place',
      ]);
    }
  });

  it('settings that contradict each other', () => {
    expect(collectErrors(postgresSink.config, { 'connection.url': 'mysql://x', 'insert.mode': 'merge' })).toHaveLength(2);
    expect(collectErrors(postgresSink.config, { 'connection.url': server.url, 'insert.mode': 'upsert', 'delete.enabled': true })).toEqual([
      'pk.mode: none; upsert needs a primary key',
      'delete.enabled: needs pk.mode record_key, not none',
    ]);
  });
});

describe('a database that goes away', () => {
  it('is waited for: the same records again go in when it is back, also over the connection that broke', async () => {
    const task = await start(UPSERT);
    const record = createSinkRecord({ a: 1 }, { topic: 'away', key: { value: 1 } });
    await task.put([record], signal);
    await server.crash();
    await expect(task.put([record], signal)).rejects.toThrow(RetriableError);
    await expect(task.put([record], signal)).rejects.toThrow(RetriableError);
    await server.start();
    await task.put([record], signal);
    await task.close();
    expect(await query('SELECT count(*)::int AS rows FROM away')).toEqual([{ rows: 1 }]);
  });
});
