import { describe, expect, it } from 'vitest';
import { assertSameLayout, createLayout } from './layout.ts';
import type { Member } from './member.ts';

function addresses(members: readonly Member[]): readonly string[] {
  return members.flatMap((member) => {
    switch (member.kind) {
      case 'etcd':
        return [member.address, member.peerAddress];
      case 'coordinator':
        return [member.address, member.adminAddress];
      case 'broker':
        return [member.address, member.internalAddress, member.adminAddress];
      case 'connector-worker':
        return [member.address, member.grpcAddress, member.adminAddress];
    }
  });
}

describe('the layout of a cluster', () => {
  it('has a port of its own for every listener, all on the loopback', async () => {
    const members = await createLayout({ brokers: 3, coordinators: 2, etcd: 3, connectorWorkers: 2 }, 0);
    expect(members.map(({ name }) => name)).toEqual([
      ...['etcd-1', 'etcd-2', 'etcd-3', 'coordinator-1', 'coordinator-2', 'broker-1', 'broker-2', 'broker-3'],
      ...['connector-worker-1', 'connector-worker-2'],
    ]);
    const all = addresses(members);
    expect(all).toHaveLength(3 * 2 + 2 * 2 + 3 * 3 + 2 * 3);
    expect(new Set(all).size).toBe(all.length);
    for (const address of all) expect(address).toMatch(/^127\.0\.0\.1:\d+$/);
  });

  it('puts the brokers’ listeners for clients at a given port and those after it', async () => {
    const members = await createLayout({ brokers: 3, coordinators: 1, etcd: 1, connectorWorkers: 0 }, 25_000);
    expect(members.filter(({ kind }) => kind === 'broker').map(({ address }) => address)).toEqual([
      ...['127.0.0.1:25000', '127.0.0.1:25001', '127.0.0.1:25002'],
    ]);
  });

  it('stays as it is: another size or port is refused, nothing said is not', async () => {
    const members = await createLayout({ brokers: 2, coordinators: 1, etcd: 1, connectorWorkers: 0 }, 25_000);
    expect(() => assertSameLayout(members, {}, 0)).not.toThrow();
    expect(() => assertSameLayout(members, { brokers: 2, coordinators: 1, etcd: 1 }, 25_000)).not.toThrow();
    expect(() => assertSameLayout(members, { brokers: 3 }, 0)).toThrow('has brokers 2, not 3');
    expect(() => assertSameLayout(members, { etcd: 3 }, 0)).toThrow('has etcd 1, not 3');
    expect(() => assertSameLayout(members, {}, 9092)).toThrow('has port 25000, not 9092');
  });
});
