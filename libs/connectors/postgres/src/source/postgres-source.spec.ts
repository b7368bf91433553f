import { type JsonObject, RetriableError, type SourceRecord, type SourceTask } from '@moldau/connect';
import { collectErrors, createSourceContext, type StoringContext } from '@moldau/connect/testing';
import { type PostgresServer, startPostgres, whyNoPostgres } from '@moldau/real-systems';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { postgresSource } from './postgres-source.ts';

const absent = whyNoPostgres();
const { signal } = new AbortController();
let server: PostgresServer;
let client: Client;
let context: StoringContext;
let task: SourceTask | undefined;

beforeAll(async () => {
  if (absent === undefined) server = await startPostgres();
});

afterAll(async () => {
  if (absent === undefined) await server.stop();
});

beforeEach(async ({ skip }) => {
  if (absent !== undefined) skip(absent);
  context = createSourceContext();
  client = await connected();
});

afterEach(async () => {
  await task?.close();
  task = undefined;
  await client.end();
});

async function connected(): Promise<Client> {
  const made = new Client({ connectionString: server.url });
  made.on('error', () => {});
  await made.connect();
  return made;
}

async function start(settings: JsonObject): Promise<void> {
  await task?.close();
  const given = { 'connection.url': server.url, 'settle.ms': 1, 'timestamp.delay.interval.ms': 0, 'topic.prefix': 'pg.', ...settings };
  const parsed = postgresSource.config.parse(given);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.errors));
  const [plan] = await postgresSource.plan(parsed.config, 1, { ...context, signal: AbortSignal.abort(), signalChange: () => {} });
  task = await postgresSource.start(parsed.config, plan ?? {}, context);
}

async function drain(most = Infinity): Promise<readonly SourceRecord[]> {
  const records: SourceRecord[] = [];
  for (let idle = 0; idle < 3 && records.length < most; ) {
    const batch = await task?.poll(signal);
    if (batch === undefined || batch === 'finished') {
      idle += 1;
      continue;
    }
    context.store(batch.positions);
    records.push(...batch.records);
  }
  return records;
}

const idsOf = (records: readonly SourceRecord[]): readonly unknown[] => records.map(({ value }) => (value.value as JsonObject)['id']);

describe('the PostgreSQL source', () => {
  it('gives each row of a table once, in order, also through restarts', async () => {
    await client.query('CREATE TABLE plain AS SELECT g AS id, g * 2 AS twice FROM generate_series(1, 2500) g');
    const settings = { 'table.whitelist': 'plain', mode: 'incrementing', 'incrementing.column.name': 'id', 'key.columns': 'id' };
    await start(settings);
    const first = await drain(1_000);
    await start(settings);
    const all = [...first, ...(await drain())];
    expect(idsOf(all)).toEqual(Array.from({ length: 2_500 }, (_, index) => index + 1));
    expect(all[0]).toMatchObject({
      topic: 'pg.plain',
      key: { schema: { type: 'int32' }, value: 1 },
      value: { value: { id: 1, twice: 2 } },
    });
    await client.query('INSERT INTO plain VALUES (2501, 0)');
    expect(idsOf(await drain())).toEqual([2_501]);
  });

  it('gives every type as its schema says', async () => {
    await client.query(`CREATE TABLE types (id bigint, n numeric(10, 2), free numeric, at timestamptz, local timestamp, d date, t time, raw bytea, ok boolean, f float8, j jsonb, nothing text);
      INSERT INTO types VALUES (9007199254740993, 1.5, 1.23456789012345678901, '2026-01-02 03:04:05.678901+02', '2026-01-02 03:04:05', '1970-01-11', '00:00:01.5', '\\x00ff', true, 0.1, '{"a":1}', NULL)`);
    await start({ 'table.whitelist': 'types', mode: 'incrementing', 'incrementing.column.name': 'id' });
    const [record] = await drain();
    expect(record?.value.value).toEqual({
      id: 9_007_199_254_740_993n,
      n: '1.50',
      free: '1.23456789012345678901',
      at: Date.UTC(2026, 0, 2, 1, 4, 5, 678),
      local: Date.UTC(2026, 0, 2, 3, 4, 5),
      d: 10,
      t: 1_500,
      raw: new Uint8Array([0, 255]),
      ok: true,
      f: 0.1,
      j: '{"a": 1}',
      nothing: null,
    });
    const schema = record?.value.schema;
    expect(schema?.type === 'struct' && Object.fromEntries(schema.fields.map((field) => [field.name, field.schema.type]))).toEqual({
      ...{ id: 'int64', n: 'decimal', free: 'string', at: 'timestamp', local: 'timestamp', d: 'date' },
      ...{ t: 'time', raw: 'bytes', ok: 'boolean', f: 'float64', j: 'string', nothing: 'string' },
    });
  });

  it('waits for a transaction that took a smaller number and has not ended', async () => {
    await client.query('CREATE TABLE late (id bigserial PRIMARY KEY, name text)');
    const slow = await connected();
    await slow.query("BEGIN; INSERT INTO late (name) VALUES ('slow')");
    await client.query("INSERT INTO late (name) VALUES ('fast')");
    await start({ 'table.whitelist': 'late', mode: 'incrementing', 'incrementing.column.name': 'id' });
    expect(await drain()).toEqual([]);
    await slow.query('COMMIT');
    await slow.end();
    expect(idsOf(await drain())).toEqual([1, 2]);
  });

  it('gives rows again that were changed, by the time of the change, to the microsecond', async () => {
    await client.query(`CREATE TABLE changes (id int PRIMARY KEY, at timestamptz);
      INSERT INTO changes SELECT g, '2026-01-01 00:00:00.000001Z'::timestamptz + g * interval '1 microsecond' FROM generate_series(1, 5) g`);
    const settings = { 'table.whitelist': 'changes', 'timestamp.column.name': 'at', 'incrementing.column.name': 'id', 'batch.max.rows': 2 };
    await start({ ...settings, mode: 'timestamp+incrementing' });
    expect(idsOf(await drain())).toEqual([1, 2, 3, 4, 5]);
    await client.query("UPDATE changes SET at = '2026-01-02' WHERE id IN (2, 4)");
    expect(idsOf(await drain())).toEqual([2, 4]);
  });

  it('reads rows of the same time together where there is only a time', async () => {
    await client.query(
      `CREATE TABLE ties AS SELECT g AS id, timestamp '2026-01-01' + (g / 4) * interval '1 second' AS at FROM generate_series(0, 11) g`,
    );
    await start({ 'table.whitelist': 'ties', mode: 'timestamp', 'timestamp.column.name': 'at', 'batch.max.rows': 3 });
    expect(idsOf(await drain()).toSorted((left, right) => Number(left) - Number(right))).toEqual(
      Array.from({ length: 12 }, (_, index) => index),
    );
  });

  it('reads a query as if it were a table', async () => {
    await client.query('CREATE TABLE parts AS SELECT g AS id FROM generate_series(1, 3) g');
    const query = 'SELECT a.id, a.id + b.id AS total FROM parts a JOIN parts b ON b.id = a.id;';
    await start({ query, mode: 'incrementing', 'incrementing.column.name': 'id', 'topic.prefix': 'totals' });
    expect((await drain()).map(({ topic, value }) => [topic, value.value])).toEqual(
      [1, 2, 3].map((id) => ['totals', { id, total: id * 2 }]),
    );
  });

  it('reads all tables of a pattern, and notices a new column', async () => {
    await client.query(
      'CREATE SCHEMA shop; CREATE TABLE shop.a AS SELECT 1 AS id; CREATE TABLE shop.b AS SELECT 2 AS id; CREATE TABLE other AS SELECT 3 AS id',
    );
    await start({ 'table.whitelist': 'shop.*', mode: 'incrementing', 'incrementing.column.name': 'id' });
    expect((await drain()).map(({ topic }) => topic).toSorted()).toEqual(['pg.a', 'pg.b']);
    await client.query("ALTER TABLE shop.a ADD COLUMN name text; INSERT INTO shop.a VALUES (2, 'new')");
    expect((await drain()).map(({ value }) => value.value)).toEqual([{ id: 2, name: 'new' }]);
  });

  it('waits for a database that went away', async () => {
    await client.query('CREATE TABLE away AS SELECT 1 AS id');
    await start({ 'table.whitelist': 'away', mode: 'incrementing', 'incrementing.column.name': 'id' });
    await server.crash();
    await expect(drain()).rejects.toThrow(RetriableError);
    await server.start();
    expect(idsOf(await drain())).toEqual([1]);
  });

  it('names what is wrong with its settings, and asks the database', async () => {
    expect(collectErrors(postgresSource.config, { 'connection.url': server.url, mode: 'timestamp+incrementing' })).toHaveLength(3);
    const parsed = postgresSource.config.parse({
      'connection.url': server.url,
      mode: 'incrementing',
      'incrementing.column.name': 'id',
      'table.whitelist': 'nowhere',
    });
    if (!parsed.ok) throw new Error('the settings are wrong');
    expect(await postgresSource.validate?.(parsed.config, signal)).toEqual([
      { field: 'table.whitelist', message: 'no table is called nowhere' },
    ]);
  });
});
