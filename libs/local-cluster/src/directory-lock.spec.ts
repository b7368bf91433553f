import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withDirectoryLock } from './directory-lock.ts';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'moldau-cluster-lock-'));
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

describe('the lock of a cluster’s directory', () => {
  it('lets one command in at a time', async () => {
    const nested = withDirectoryLock(directory, () => withDirectoryLock(directory, async () => 'both'));
    await expect(nested).rejects.toMatchObject({ reason: 'DATA_DIRECTORY_LOCKED', facts: { pid: String(process.pid) } });
    expect(await withDirectoryLock(directory, async () => 'later')).toBe('later');
  });

  it.each(['{"pid":1,"startTime":"of another boot"}', 'half wri'])('is taken over from one that has ended: %s', async (holder) => {
    writeFileSync(join(directory, 'cluster.lock'), holder);
    expect(await withDirectoryLock(directory, async () => 'done')).toBe('done');
  });
});
