import { MoldauError } from '@moldau/kernel';
import { freePorts, HOST } from './free-ports.ts';
import { MEMBER_KINDS, type Member, type MemberKind } from './member.ts';
import type { MemberPlaces } from './member-place.ts';

/** How many processes of each kind. */
export interface ClusterSize {
  readonly brokers: number;
  readonly coordinators: number;
  readonly etcd: number;
  readonly connectorWorkers: number;
}

/** What a replicated topic needs, a controller with a standby, and the least of etcd; connectors where they are asked for. */
export const CLUSTER_SIZE_DEFAULT: ClusterSize = { brokers: 3, coordinators: 2, etcd: 1, connectorWorkers: 0 };

/** Listeners of a member beside the one in its address. */
const FURTHER_PORTS: Readonly<Record<MemberKind, number>> = { etcd: 1, coordinator: 1, broker: 2, 'connector-worker': 2 };
const SIZE_OF: Readonly<Record<MemberKind, keyof ClusterSize>> = {
  etcd: 'etcd',
  coordinator: 'coordinators',
  broker: 'brokers',
  'connector-worker': 'connectorWorkers',
};

/** The members of a new cluster. `port` is that of the first broker's clients, the other brokers' follow it; 0: free ones. */
export async function createLayout(size: ClusterSize, port: number, places?: MemberPlaces): Promise<readonly Member[]> {
  const given = port === 0 ? [] : Array.from({ length: size.brokers }, (_, index) => port + index);
  const count = MEMBER_KINDS.reduce((sum, kind) => sum + size[SIZE_OF[kind]] * (1 + FURTHER_PORTS[kind]), 0);
  const free = [...(await freePorts(count, given))];
  const at = (kind: MemberKind, n: number, given?: number): string => `${places?.(`${kind}-${n}`)?.host ?? HOST}:${given ?? free.pop()}`;
  return [
    ...numbers(size.etcd).map((n): Member => ({ ...named('etcd', n), kind: 'etcd', address: at('etcd', n), peerAddress: at('etcd', n) })),
    ...numbers(size.coordinators).map((n): Member => {
      const [address, adminAddress] = [at('coordinator', n), at('coordinator', n)];
      return { ...named('coordinator', n), kind: 'coordinator', address, adminAddress };
    }),
    ...numbers(size.brokers).map((n): Member => {
      const address = at('broker', n, port === 0 ? undefined : port + n - 1);
      const [internalAddress, adminAddress] = [at('broker', n), at('broker', n)];
      return { ...named('broker', n), kind: 'broker', brokerId: n, address, internalAddress, adminAddress };
    }),
    ...numbers(size.connectorWorkers).map((n): Member => {
      const kind = 'connector-worker';
      return { ...named(kind, n), kind, address: at(kind, n), grpcAddress: at(kind, n), adminAddress: at(kind, n) };
    }),
  ];
}

/**
 * A cluster keeps its members and ports for its whole life: what is asked of it on a later start has to agree.
 *
 * @throws MoldauError INVALID_CONFIG
 */
export function assertSameLayout(members: readonly Member[], wanted: Partial<ClusterSize>, port: number): void {
  for (const kind of MEMBER_KINDS) {
    const option = SIZE_OF[kind];
    const limit = members.filter((member) => member.kind === kind).length;
    const value = wanted[option];
    if (value !== undefined && value !== limit) throw differs(option, value, limit);
  }
  const first = members
    .find((member) => member.kind === 'broker')
    ?.address.split(':')
    .at(-1);
  if (port !== 0 && first !== String(port)) throw differs('port', port, Number(first));
}

function differs(option: string, value: number, limit: number): MoldauError {
  const facts = { option, value: String(value), limit: String(limit) };
  return new MoldauError('INVALID_CONFIG', `the cluster in this directory has ${option} ${limit}, not ${value}`, facts);
}

function numbers(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}

function named(kind: MemberKind, number: number): { readonly name: string; readonly process: null } {
  return { name: `${kind}-${number}`, process: null };
}
