import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type JsonObject, RetriableError, schemas } from '@moldau/connect';
import { type SourceCrash, SourceKit, type SourceKitOptions } from '@moldau/connect/testing';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SpoolConfig } from './spool-config.ts';
import { spoolSource } from './spool-source.ts';

let root: string;
let input: string;
let finished: string;
let errors: string;
const kits: SourceKit<SpoolConfig>[] = [];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'moldau-spool-'));
  [input, finished, errors] = ['in', 'finished', 'errors'].map((name) => join(root, name)) as [string, string, string];
  for (const folder of [input, finished, errors]) mkdirSync(folder);
});

afterEach(async () => {
  for (const kit of kits.splice(0)) await kit.close();
  rmSync(root, { recursive: true });
});

async function open(settings: JsonObject = {}, options: SourceKitOptions = {}): Promise<SourceKit<SpoolConfig>> {
  const base = {
    'input.path': input,
    'finished.path': finished,
    topic: 'in',
    format: 'line',
    'file.minimum.age.ms': 0,
    'scan.interval.ms': 10,
  };
  const kit = await SourceKit.open(spoolSource, { ...base, ...settings }, options);
  kits.push(kit);
  return kit;
}

function drop(name: string, text: string | Uint8Array): void {
  writeFileSync(join(input, name), text);
}

const emptied = (): boolean => readdirSync(input).length === 0;

async function valuesOf(settings: JsonObject, text: string | Uint8Array): Promise<readonly unknown[]> {
  drop('f', text);
  const kit = await open(settings);
  await kit.pollUntil(emptied);
  return kit.records.map(({ value }) => value.value);
}

describe('the spool directory source', () => {
  it('reads files in the order of their names and moves them away', async () => {
    drop('b.txt', 'three\n');
    drop('a.txt', 'one\r\ntwo');
    const kit = await open();
    await kit.pollUntil(emptied);
    expect(kit.records.map(({ value }) => value.value)).toEqual(['one', 'two', 'three']);
    expect(readdirSync(finished).sort()).toEqual(['a.txt', 'b.txt']);
  });

  it('forgets where it was in files that are gone', async () => {
    drop('a.txt', 'one\n');
    const kit = await open();
    await kit.pollUntil(emptied);
    await kit.pollUntil(() => kit.positions.size === 0);
    drop('a.txt', 'two\n');
    await kit.pollUntil(2);
    await kit.pollUntil(emptied);
    expect(readdirSync(finished).sort()).toEqual(['a.txt', 'a.txt.1']);
  });

  it('takes only files whose whole name matches', async () => {
    drop('a.csv.part', 'x\n');
    drop('.hidden', 'x\n');
    drop('a.csv', 'one\n');
    const kit = await open({ 'input.file.pattern': '.*\\.csv' });
    await kit.pollUntil(() => readdirSync(finished).length === 1);
    expect(readdirSync(input).sort()).toEqual(['.hidden', 'a.csv.part']);
  });

  it('takes a file when nothing was written to it for a while', async () => {
    drop('a', 'one\n');
    const kit = await open({ 'file.minimum.age.ms': 300 });
    await kit.poll();
    drop('a', 'one\ntwo\n');
    await kit.pollUntil(2);
    expect(Date.now() - statSync(join(finished, 'a')).mtimeMs).toBeGreaterThanOrEqual(290);
  });

  it('deletes finished files where it shall', async () => {
    drop('a', 'one\n');
    const kit = await open({ 'cleanup.policy': 'DELETE', 'finished.path': null });
    await kit.pollUntil(emptied);
    expect(readdirSync(finished)).toEqual([]);
  });

  it('shares the files among its tasks', async () => {
    for (let number = 0; number < 20; number += 1) drop(`f${number}`, `${number}\n`);
    const kit = await open({}, { maxTasks: 3 });
    await kit.pollUntil(emptied);
    expect(kit.taskCount).toBe(3);
    expect(new Set(kit.records.map(({ value }) => value.value)).size).toBe(20);
    expect(kit.records).toHaveLength(20);
  });

  it('waits while its folder is not there, and says so', async () => {
    rmSync(input, { recursive: true });
    const kit = await open();
    setTimeout(() => {
      mkdirSync(input);
      drop('a', 'one\n');
    }, 50);
    await kit.pollUntil(1);
    expect(kit.retried[0]).toBeInstanceOf(RetriableError);
    expect(kit.retried[0]?.message).toContain(`input.path ${input}: ENOENT`);
  });

  it('goes on with other files when one can not be moved, and moves it later', async () => {
    drop('a', 'one\n');
    rmSync(finished, { recursive: true });
    const kit = await open();
    await kit.pollUntil(1);
    drop('b', 'two\n');
    await kit.pollUntil(2);
    await kit.poll();
    expect(kit.surroundings.statuses.get(0)).toContain("a is read but can't be moved: ENOENT");
    mkdirSync(finished);
    await kit.pollUntil(emptied);
    expect(kit.records).toHaveLength(2);
  });

  it('finds nothing wrong in right folders, and names those that are missing', async () => {
    const { signal } = new AbortController();
    const parsed = spoolSource.config.parse({ 'input.path': input, 'finished.path': join(root, 'none'), topic: 't', format: 'line' });
    if (!parsed.ok) throw new Error('refused');
    expect(await spoolSource.validate?.(parsed.config, signal)).toEqual([
      { field: 'finished.path', message: expect.stringContaining('ENOENT') as string },
    ]);
  });
});

describe('after a crash', () => {
  it.each<[SourceCrash, number]>([
    ['before-write', 5],
    ['before-written', 5],
  ])('%s no line is lost and none comes twice', async (where, count) => {
    drop('a', 'l1\nl2\nl3\nl4\nl5\n');
    const kit = await open({ 'batch.size': 2 });
    for (let crashes = 0; crashes < 8 && !emptied(); crashes += 1) {
      await kit.crash(where);
      await kit.poll();
    }
    await kit.pollUntil(emptied);
    expect(kit.records.map(({ value }) => value.value)).toEqual(['l1', 'l2', 'l3', 'l4', 'l5'].slice(0, count));
    expect(readdirSync(finished)).toEqual(['a']);
  });

  it('at any places every record of any file comes once', async () => {
    const cell = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', 'é', ' '), maxLength: 6 });
    const rows = fc.array(fc.tuple(fc.constantFrom('x', 'y'), cell), { minLength: 1, maxLength: 12 });
    const crash = fc.constantFrom<SourceCrash | 'none'>('before-write', 'before-written', 'none');
    await fc.assert(
      fc.asyncProperty(rows, fc.array(crash, { maxLength: 8 }), fc.integer({ min: 1, max: 4 }), async (table, crashes, size) => {
        const text = ['k,v', ...table.map(([key, value]) => `${key},"${value.replaceAll('"', '""')}"`)].join('\r\n');
        drop('t.csv', text);
        const kit = await open({ format: 'csv', 'batch.size': size, 'scan.interval.ms': 10, 'cleanup.policy': 'DELETE' });
        for (const where of crashes) await (where === 'none' ? kit.poll() : kit.crash(where));
        await kit.pollUntil(emptied);
        expect(kit.records.map(({ value }) => value.value)).toEqual(table.map(([k, v]) => ({ k, v })));
      }),
      { numRuns: 40 },
    );
  });

  it('a file that was written anew under its name is read from its beginning', async () => {
    drop('a', 'old1\nold2\n');
    const kit = await open({ 'batch.size': 1 });
    await kit.poll();
    drop('a', 'new1\nnew2\n');
    utimesSync(join(input, 'a'), new Date(5000), new Date(5000));
    await kit.restart();
    await kit.pollUntil(emptied);
    expect(kit.records.map(({ value }) => value.value)).toEqual(['old1', 'new1', 'new2']);
  });
});

describe('CSV', () => {
  const typed = {
    format: 'csv',
    'csv.columns': 'id:int64,price:decimal(2)?,at:timestamp,day:date,ok:boolean?,ratio:float64?',
  };

  it('becomes structs of the declared types', async () => {
    drop(
      'f.csv',
      'day,id,price,at,ok,ratio,other\n2024-02-29,7,-12.5,1970-01-01T00:00:01Z,true,0.25,x\n2024-01-01,9007199254740993,,1970-01-01 00:00:02,,,\n',
    );
    const kit = await open({ ...typed, 'key.fields': 'id', 'timestamp.field': 'at', 'file.headers': true });
    await kit.pollUntil(2);
    const [first, second] = kit.records;
    expect(first?.value.value).toEqual({ id: 7, price: '-12.50', at: 1000, day: 19782, ok: true, ratio: 0.25 });
    expect(second?.value.value).toEqual({ id: 9007199254740993n, price: null, at: 2000, day: 19723, ok: null, ratio: null });
    expect(first?.value.schema).toBe(second?.value.schema);
    expect(first?.key).toEqual({ schema: schemas.struct({ id: schemas.int64() }), value: { id: 7 } });
    expect(second?.timestampMs).toBe(2000);
    expect(second?.headers.map(({ value }) => value.value)).toEqual(['f.csv', 3]);
  });

  it.each<[string, JsonObject, string, unknown]>([
    ['quotes, newlines and doubled quotes', {}, 'a,b\n"x, ""y""\nz",2\n', [{ a: 'x, "y"\nz', b: '2' }]],
    ['a quote within a text', {}, 'a\n5" nails\nx\n', [{ a: '5" nails' }, { a: 'x' }]],
    ['an empty field, null, and an empty text', {}, 'a,b\n,""\n', [{ a: null, b: '' }]],
    ['no header', { 'csv.first.row.as.header': false }, '1,2\n', [{ column1: '1', column2: '2' }]],
    ['columns by place', { 'csv.first.row.as.header': false, 'csv.columns': 'x:int8,y:string' }, '1,2\n', [{ x: 1, y: '2' }]],
    ['another separator and quote', { 'csv.separator.char': '\\t', 'csv.quote.char': "'" }, "a\tb\n'1\t2'\t3\n", [{ a: '1\t2', b: '3' }]],
    ['lines before the header', { 'csv.skip.lines': 1 }, 'made today\na\n1\n', [{ a: '1' }]],
    ['a byte order mark', {}, '\uFEFFa\n1\n', [{ a: '1' }]],
    ['only a header', {}, 'a,b\n', []],
    ['nothing', {}, '', []],
  ])('has %s', async (_what, settings, text, wanted) => {
    expect(await valuesOf({ format: 'csv', ...settings }, text)).toEqual(wanted);
  });

  it('is read in other character sets', async () => {
    const bytes = Buffer.from('a\nM\xfcller\n', 'latin1');
    expect(await valuesOf({ format: 'csv', 'file.charset': 'iso-8859-1' }, bytes)).toEqual([{ a: 'Müller' }]);
  });

  it.each<[JsonObject, string, string]>([
    [{ 'csv.columns': 'a:int8' }, 'a\n1\n300\n', 'line 3: column "a": 300 does not fit into int8: "300"'],
    [{ 'csv.columns': 'a:int8' }, 'a\n1\n\n""\n', 'line 4: column "a": "" is not a whole number'],
    [{}, 'a,b\n1,2\n1\n', 'line 3: 1 fields; there are 2 columns: "1"'],
    [{}, 'a,b\n"1,2\n', 'line 2: a quote is not closed'],
    [{}, 'a,b\n"1"x,2\n', 'line 2: field 1: "x,2" stands behind the closing quote'],
    [{ 'line.max.bytes': 64 }, `a\n1\n${'x'.repeat(600_000)}\n2\n`, 'line 3: 600000 bytes; line.max.bytes is 64'],
    [{ 'csv.columns': 'b:string' }, 'a\n1\n', 'there is no column "b"; the header has a'],
    [{}, 'a,a\n', 'the header has two columns "a"'],
    [{}, Buffer.from('a\n\xff\n', 'latin1').toString('latin1'), ''],
  ])('with %o fails at a bad line, naming it, after the lines before it', async (settings, text, message) => {
    drop('f', Buffer.from(text, 'latin1'));
    const kit = await open({ format: 'csv', ...settings });
    await expect(kit.pollUntil(100)).rejects.toThrow(message === '' ? 'are not utf-8' : message);
    expect(readdirSync(input)).toEqual(['f']);
  });
});

describe('bad lines', () => {
  const text = '{"a":1}\n{"a":\n{"a":3}\n';

  it('end the file, which goes to the error folder with a note, and the next is read', async () => {
    drop('a', text);
    drop('b', '{"a":4}\n');
    const kit = await open({ format: 'json', 'bad.line.action': 'file', 'error.path': errors });
    await kit.pollUntil(emptied);
    expect(kit.records.map(({ value }) => value.value)).toEqual([{ a: 1 }, { a: 4 }]);
    expect(readdirSync(errors).sort()).toEqual(['a', 'a.error.txt']);
    expect(readFileSync(join(errors, 'a.error.txt'), 'utf8')).toContain(`${join(input, 'a')}: line 2: `);
  });

  it('are skipped, or become records of their own', async () => {
    drop('a', text);
    const kit = await open({ format: 'json', 'bad.line.action': 'skip', 'bad.line.topic': 'bad' });
    await kit.pollUntil(emptied);
    expect(kit.records.map(({ topic, value }) => [topic, value.value])).toEqual([
      ['in', { a: 1 }],
      ['bad', '{"a":'],
      ['in', { a: 3 }],
    ]);
    expect(kit.records[1]?.headers.map(({ name, value }) => [name, value.value])).toEqual([
      ['file.name', 'a'],
      ['file.line', 2],
      ['error.message', expect.any(String)],
    ]);
  });

  it('that are too long are passed over without keeping them', async () => {
    drop('a', `1\n${'9'.repeat(2_000_000)}\n3\n`);
    const kit = await open({ format: 'json', 'bad.line.action': 'skip', 'line.max.bytes': '1KiB', 'file.headers': true });
    await kit.pollUntil(emptied);
    expect(kit.records.map(({ value, headers }) => [value.value, headers[1]?.value.value])).toEqual([
      [1, 1],
      [3, 3],
    ]);
  });
});
