import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { findEtcd, findService } from './find-program.ts';

describe('the programs of a cluster', () => {
  it('are, for services, in the packages that stand beside this one', () => {
    for (const service of ['broker', 'coordinator'] as const) expect(existsSync(findService(service))).toBe(true);
  });

  it('are, for etcd, what MOLDAU_ETCD names, and nothing else when it can’t be run', () => {
    expect(findEtcd({ MOLDAU_ETCD: process.execPath, PATH: '' })).toBe(process.execPath);
    expect(() => findEtcd({ MOLDAU_ETCD: '/nowhere/etcd', PATH: process.env['PATH'] })).toThrow("MOLDAU_ETCD names '/nowhere/etcd'");
  });

  it('are named with the way to install them when they are missing', () => {
    expect(() => findEtcd({ PATH: '/nowhere' })).toThrow(
      /etcd is not in PATH.*MOLDAU_ETCD.*apt-get install etcd-server.*brew install etcd/,
    );
    expect(() => findEtcd({ PATH: '/nowhere' })).toThrow(expect.objectContaining({ reason: 'PROCESS_NOT_STARTED' }));
  });
});
