import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type JsonObject, RetriableError, type SinkTask } from '@moldau/connect';
import { createSinkContext, createSinkRecord } from '@moldau/connect/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fileSink } from './file-sink.ts';

const { signal } = new AbortController();
let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'moldau-file-sink-'));
  file = join(folder, 'out.txt');
});

afterEach(() => rmSync(folder, { recursive: true }));

function start(settings: JsonObject = {}): Promise<SinkTask> {
  const parsed = fileSink.config.parse({ file, ...settings });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.errors));
  return fileSink.start(parsed.config, createSinkContext());
}

describe('the file sink', () => {
  it('adds each value as a line and answers what may be committed', async () => {
    const task = await start();
    await task.put([createSinkRecord('one'), createSinkRecord({ a: 1n }, { offset: 1 }), createSinkRecord(null, { offset: 2 })], signal);
    expect(await task.flush('interval', signal)).toEqual([{ topic: 'topic', partition: 0, offset: 3 }]);
    await task.close();
    expect(readFileSync(file, 'utf8')).toBe('one\n{"a":1}\n\n');
  });

  it('writes bytes as they are', async () => {
    const task = await start();
    await task.put([createSinkRecord(new Uint8Array([0xff])), createSinkRecord('x')], signal);
    await task.close();
    expect(readFileSync(file)).toEqual(Buffer.from([0xff, 0x0a, 0x78, 0x0a]));
  });

  it('goes on behind what is there', async () => {
    for (const value of ['one', 'two']) {
      const task = await start();
      await task.put([createSinkRecord(value)], signal);
      await task.close();
    }
    expect(readFileSync(file, 'utf8')).toBe('one\ntwo\n');
  });

  it('keeps partitions in files of their own where the name says so', async () => {
    const task = await start({ file: join(folder, '${topic}/${partition}.txt') });
    await task.put([createSinkRecord('a'), createSinkRecord('b', { partition: 1 }), createSinkRecord('c')], signal);
    await task.close();
    expect(readFileSync(join(folder, 'topic/0.txt'), 'utf8')).toBe('a\nc\n');
    expect(readFileSync(join(folder, 'topic/1.txt'), 'utf8')).toBe('b\n');
  });

  it('renames a file that is full, and keeps as many as it shall', async () => {
    const task = await start({ 'rotate.max.bytes': 2, 'rotate.max.files': 2 });
    for (const value of ['a', 'b', 'c', 'd']) await task.put([createSinkRecord(value)], signal);
    await task.close();
    expect([1, 2].map((number) => readFileSync(`${file}.${number}`, 'utf8'))).toEqual(['d\n', 'c\n']);
    expect(existsSync(`${file}.3`)).toBe(false);
  });

  it('waits for room on a full disk', async (context) => {
    if (!existsSync('/dev/full')) context.skip('this system has no /dev/full');
    const task = await start({ file: '/dev/full' });
    await expect(task.put([createSinkRecord('a')], signal)).rejects.toThrow(RetriableError);
    await task.close();
  });
});
