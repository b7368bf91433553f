import { appendFileSync, copyFileSync, mkdtempSync, renameSync, rmSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JsonObject, SourceTask } from '@moldau/connect';
import { collectErrors, createSourceContext, type StoringContext } from '@moldau/connect/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fileSource } from './file-source.ts';

let folder: string;
let log: string;
/** What a restart finds. */
let stored: Map<string, JsonObject>;
let context: StoringContext;
let task: SourceTask;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'moldau-file-source-'));
  log = join(folder, 'app.log');
  stored = new Map();
});

afterEach(async () => {
  await task.close();
  rmSync(folder, { recursive: true });
});

async function start(settings: JsonObject = {}): Promise<void> {
  context = createSourceContext({ stored });
  const given = { file: log, topic: 'lines', 'rotate.wait.ms': 0, 'scan.interval.ms': 100, 'multiline.wait.ms': 10, ...settings };
  const parsed = fileSource.config.parse(given);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.errors));
  task = await fileSource.start(parsed.config, { task: 0, of: 1 }, context);
}

async function restart(settings: JsonObject = {}): Promise<void> {
  await task.close();
  await start(settings);
}

/** Polls until nothing comes for some polls in a row, which are more than any change of files needs. */
async function drain(): Promise<readonly unknown[]> {
  const values: unknown[] = [];
  for (let idle = 0; idle < 6; ) {
    const batch = await task.poll(new AbortController().signal);
    if (batch === undefined || batch === 'finished') {
      idle += 1;
      await new Promise((wake) => setTimeout(wake, 5));
      continue;
    }
    idle = 0;
    context.store(batch.positions);
    values.push(...batch.records.map(({ value }) => value.value));
  }
  return values;
}

describe('the file source', () => {
  it('gives each line once it has its end, and waits for the rest of the last one', async () => {
    writeFileSync(log, 'one\ntwo\nthr');
    await start();
    expect(await drain()).toEqual(['one', 'two']);
    appendFileSync(log, 'ee\nfour\n');
    expect(await drain()).toEqual(['three', 'four']);
  });

  it('waits for a file that is not there yet', async () => {
    await start();
    expect(await drain()).toEqual([]);
    writeFileSync(log, 'one\n');
    expect(await drain()).toEqual(['one']);
  });

  it('goes on after a restart where it was, in the middle of what it had read', async () => {
    writeFileSync(log, 'one\ntwo\nthr');
    await start();
    await drain();
    appendFileSync(log, 'ee\n');
    await restart();
    expect(await drain()).toEqual(['three']);
  });

  it('begins at the end where that is wanted, keeps that place, and reads later files whole', async () => {
    writeFileSync(log, 'old\n');
    const settings = { 'initial.position': 'end', file: join(folder, '*.log') };
    await start(settings);
    expect(await drain()).toEqual([]);
    appendFileSync(log, 'new\n');
    await restart(settings);
    expect(await drain()).toEqual(['new']);
    writeFileSync(join(folder, 'other.log'), 'first\n');
    await new Promise((wake) => setTimeout(wake, 120));
    expect(await drain()).toEqual(['first']);
  });

  it('reads bytes as they are, with the path as key', async () => {
    writeFileSync(log, Buffer.from([0xff, 0x0a]));
    await start({ 'value.type': 'bytes', 'key.source': 'path' });
    const batch = await task.poll(new AbortController().signal);
    expect(batch).toMatchObject({ records: [{ topic: 'lines', key: { value: log }, value: { value: new Uint8Array([0xff]) } }] });
  });

  it('cuts a batch at the limits of the runtime', async () => {
    writeFileSync(log, 'x\n'.repeat(2500));
    await start();
    const batch = await task.poll(new AbortController().signal);
    expect(batch).toMatchObject({ records: { length: 1000 }, positions: [{ offset: { position: 2000 } }] });
  });

  it('puts the lines of a stack trace into one record, the last after a time of quiet', async () => {
    writeFileSync(log, 'ERROR a\n at x\n at y\nINFO b\n');
    await start({ 'multiline.pattern': '^\\s', 'multiline.match': 'continuation' });
    expect(await drain()).toEqual(['ERROR a\n at x\n at y', 'INFO b']);
  });
});

describe('rotation', () => {
  it('by renaming: what was written before and after it comes once, in order', async () => {
    writeFileSync(log, 'one\n');
    await start();
    expect(await drain()).toEqual(['one']);
    appendFileSync(log, 'two\nwithout an end');
    renameSync(log, `${log}.1`);
    writeFileSync(log, 'three\n');
    expect(await drain()).toEqual(['two', 'without an end', 'three']);
  });

  it('by renaming, twice while nobody read: the file between is read too', async () => {
    writeFileSync(log, 'one\n');
    await start();
    await drain();
    await task.close();
    appendFileSync(log, 'two\n');
    renameSync(log, `${log}.1`);
    await new Promise((wake) => setTimeout(wake, 20));
    writeFileSync(log, 'three\n');
    renameSync(`${log}.1`, `${log}.2`);
    renameSync(log, `${log}.1`);
    writeFileSync(log, 'four\n');
    await start();
    expect(await drain()).toEqual(['two', 'three', 'four']);
  });

  it('by copying and truncating: what was not read yet is found in the copy', async () => {
    writeFileSync(log, 'one\n');
    await start();
    expect(await drain()).toEqual(['one']);
    appendFileSync(log, 'two\n');
    copyFileSync(log, `${log}.1`);
    truncateSync(log);
    appendFileSync(log, 'a\n');
    expect(await drain()).toEqual(['two', 'a']);
  });

  it('by copying and truncating while nobody read', async () => {
    writeFileSync(log, 'one\n');
    await start();
    await drain();
    await task.close();
    appendFileSync(log, 'two\n');
    copyFileSync(log, `${log}.1`);
    truncateSync(log);
    appendFileSync(log, 'a longer beginning\n');
    await start();
    expect(await drain()).toEqual(['two', 'a longer beginning']);
  });

  it('by truncating alone: the file is read from its beginning, even if it has grown beyond what was read', async () => {
    writeFileSync(log, 'one\n');
    await start();
    await drain();
    truncateSync(log);
    appendFileSync(log, 'something else that is longer\n');
    expect(await drain()).toEqual(['something else that is longer']);
  });

  it('by deleting: the new file is read from its beginning', async () => {
    writeFileSync(log, 'one\n');
    await start();
    await drain();
    unlinkSync(log);
    expect(await drain()).toEqual([]);
    writeFileSync(log, 'two\n');
    expect(await drain()).toEqual(['two']);
  });

  it('does not take rotated files for files of their own', async () => {
    writeFileSync(log, 'new\n');
    writeFileSync(`${log}.1`, 'old\n');
    await start({ file: join(folder, '*.log*') });
    expect(await drain()).toEqual(['new']);
  });
});

describe('its settings', () => {
  it('name every error at once', () => {
    expect(collectErrors(fileSource.config, { file: 'relative', 'batch.size': 0, 'multiline.pattern': '(' })).toEqual([
      'topic: missing; text, not empty',
      'batch.size: 0 is below 1',
      expect.stringMatching(/^multiline.pattern: /) as unknown,
    ]);
    expect(collectErrors(fileSource.config, { file: 'relative', topic: 't' })).toEqual(['file: relative is no absolute path']);
  });

  it('give each file to one of the tasks', async () => {
    await start();
    const parsed = fileSource.config.parse({ file: `${folder}/*.log`, topic: 't' });
    if (!parsed.ok) throw new Error('the settings are wrong');
    const plans = await fileSource.plan(parsed.config, 3, { ...context, signalChange: () => {} });
    expect(plans).toEqual([
      { task: 0, of: 3 },
      { task: 1, of: 3 },
      { task: 2, of: 3 },
    ]);
  });
});
