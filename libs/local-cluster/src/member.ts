import type { ProcessIdentity } from './process-identity.ts';

/** What can be a process of a cluster, in the order in which they start; they end in the reverse one. */
export const MEMBER_KINDS = ['etcd', 'coordinator', 'broker', 'connector-worker'] as const;

export type MemberKind = (typeof MEMBER_KINDS)[number];

interface AnyMember {
  /** `broker-1`: names its directory and its log. */
  readonly name: string;
  /** `host:port` where those that use it reach it: clients a broker, brokers a coordinator, coordinators etcd; of a connector-worker its REST API. */
  readonly address: string;
  /** Null: it was stopped, or never started. */
  readonly process: ProcessIdentity | null;
}

export interface EtcdMember extends AnyMember {
  readonly kind: 'etcd';
  /** Where the other etcd servers reach it. */
  readonly peerAddress: string;
}

export interface CoordinatorMember extends AnyMember {
  readonly kind: 'coordinator';
  readonly adminAddress: string;
}

export interface BrokerMember extends AnyMember {
  readonly kind: 'broker';
  readonly brokerId: number;
  /** Where other services reach it. */
  readonly internalAddress: string;
  readonly adminAddress: string;
}

export interface ConnectorWorkerMember extends AnyMember {
  readonly kind: 'connector-worker';
  /** Of its gRPC listener. */
  readonly grpcAddress: string;
  readonly adminAddress: string;
}

/** A process of the cluster, as `cluster.json` keeps it. */
export type Member = EtcdMember | CoordinatorMember | BrokerMember | ConnectorWorkerMember;

/** `host:port` of the members of one kind, for a setting that lists them. */
export function addressesOf(members: readonly Member[], kind: MemberKind): string {
  return members
    .filter((member) => member.kind === kind)
    .map(({ address }) => address)
    .join(',');
}
