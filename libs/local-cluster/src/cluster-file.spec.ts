import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CLUSTER_FILE, readClusterFile, writeClusterFile } from './cluster-file.ts';
import { createLayout } from './layout.ts';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'moldau-cluster-file-'));
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

describe('cluster.json', () => {
  it('keeps the members', async () => {
    expect(readClusterFile(directory)).toBeUndefined();
    const [first, ...rest] = await createLayout({ brokers: 2, coordinators: 1, etcd: 1, connectorWorkers: 1 }, 0);
    const members = [...(first === undefined ? [] : [{ ...first, process: { pid: 7, startTime: '8@boot' } }]), ...rest];
    writeClusterFile(directory, members);
    expect(readClusterFile(directory)).toEqual(members);
  });

  it.each([
    ['not JSON', 'no JSON'],
    ['7', 'holds no object'],
    ['{"format":2,"members":[]}', 'its format is 2'],
    ['{"format":1}', 'members are malformed'],
    ['{"format":1,"members":[{"kind":"broker","name":"broker-1","address":"a:1","process":null}]}', 'members are malformed'],
    ['{"format":1,"members":[{"kind":"etcd","name":"e","address":"a:1","peerAddress":"a:2","process":{"pid":"7"}}]}', 'malformed'],
  ])('that holds %s is refused', (text, why) => {
    writeFileSync(join(directory, CLUSTER_FILE), text);
    expect(() => readClusterFile(directory)).toThrow(why);
    expect(() => readClusterFile(directory)).toThrow(expect.objectContaining({ reason: 'DATA_DIRECTORY_UNUSABLE' }));
  });
});
