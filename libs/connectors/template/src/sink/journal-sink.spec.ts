import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SinkKit } from '@moldau/connect/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { journalSink } from './journal-sink.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'moldau-journal-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

const inputs = (...values: readonly (string | null)[]) => values.map((value) => ({ value: { value } }));
const journal = (): string => readFileSync(join(folder, 'test-0.jsonl'), 'utf8');

describe('the journal sink', () => {
  it('keeps offset and value of each record', async () => {
    const kit = await SinkKit.open(journalSink, { folder });
    await kit.put(inputs('a', 'b'));
    await kit.flush();
    expect(kit.committed()).toBe(2);
    await kit.close();
    expect(journal()).toBe('0\t"a"\n1\t"b"\n');
  });

  it('writes nothing twice after a crash before the offsets were committed', async () => {
    const kit = await SinkKit.open(journalSink, { folder });
    await kit.put(inputs('a', 'b'));
    await kit.crash();
    await kit.put(inputs('c'));
    await kit.close();
    expect(journal()).toBe('0\t"a"\n1\t"b"\n2\t"c"\n');
  });

  it('cuts off a line that was torn by a crash, and writes it again', async () => {
    const kit = await SinkKit.open(journalSink, { folder });
    await kit.put(inputs('a'));
    appendFileSync(join(folder, 'test-0.jsonl'), '1\t"b');
    await kit.crash();
    await kit.put(inputs('b'));
    await kit.close();
    expect(journal()).toBe('0\t"a"\n1\t"b"\n');
  });

  it('reports a record without a value, and goes on', async () => {
    const kit = await SinkKit.open(journalSink, { folder }, { tolerant: true });
    await kit.put(inputs('a', null, 'c'));
    expect(kit.bad.map(({ record, error }) => [record.offset, error.message])).toEqual([
      [1, 'a journal has no place for a record without a value'],
    ]);
    await kit.close();
    expect(journal()).toBe('0\t"a"\n2\t"c"\n');
  });
});
