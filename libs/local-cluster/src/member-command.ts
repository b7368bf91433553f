import { join } from 'node:path';
import { findEtcd, findService } from './find-program.ts';
import {
  addressesOf,
  type BrokerMember,
  type ConnectorWorkerMember,
  type CoordinatorMember,
  type EtcdMember,
  type Member,
} from './member.ts';

/** A command line. */
export interface MemberCommand {
  readonly command: string;
  readonly arguments: readonly string[];
}

/** Hours of history that etcd keeps; a coordinator that was away for longer begins with a snapshot. */
const ETCD_HISTORY_HOURS = 1;

/** What topics have in a cluster of services by default; a smaller cluster has to say otherwise. */
const DEFAULT_REPLICAS = 3;

/** Further settings of services, as flags. */
export type ServiceFlags = Readonly<Partial<Record<'broker' | 'coordinator' | 'connector-worker', readonly string[]>>>;

/** How a member is started, in a cluster of these members. @throws MoldauError PROCESS_NOT_STARTED: the program is missing */
export function memberCommand(member: Member, members: readonly Member[], directory: string, flags: ServiceFlags): MemberCommand {
  switch (member.kind) {
    case 'etcd':
      return { command: findEtcd(), arguments: etcdArguments(member, members, directory) };
    case 'coordinator':
      return {
        command: process.execPath,
        arguments: [findService('coordinator'), ...coordinatorFlags(member, members), ...(flags.coordinator ?? [])],
      };
    case 'broker':
      return {
        command: process.execPath,
        arguments: [findService('broker'), ...brokerFlags(member, members, directory), ...(flags.broker ?? [])],
      };
    case 'connector-worker':
      return {
        command: process.execPath,
        arguments: [findService('connector-worker'), ...workerFlags(member, members), ...(flags['connector-worker'] ?? [])],
      };
  }
}

function etcdArguments(member: EtcdMember, members: readonly Member[], directory: string): readonly string[] {
  const peers = members.filter((each) => each.kind === 'etcd').map(({ name, peerAddress }) => `${name}=http://${peerAddress}`);
  const [client, peer] = [`http://${member.address}`, `http://${member.peerAddress}`];
  return [
    ...['--name', member.name, '--data-dir', join(directory, member.name)],
    ...['--listen-client-urls', client, '--advertise-client-urls', client],
    ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer],
    ...['--initial-cluster', peers.join(','), '--initial-cluster-token', 'moldau', '--initial-cluster-state', 'new'],
    ...['--auto-compaction-retention', String(ETCD_HISTORY_HOURS)],
  ];
}

function coordinatorFlags(member: CoordinatorMember, members: readonly Member[]): readonly string[] {
  return [
    ...['--coordinator-id', member.name, '--etcd-endpoints', addressesOf(members, 'etcd')],
    ...listener('internal', member.address),
    ...listener('admin', member.adminAddress),
  ];
}

function brokerFlags(member: BrokerMember, members: readonly Member[], directory: string): readonly string[] {
  return [
    ...['--broker-id', String(member.brokerId), '--data-dir', join(directory, member.name)],
    ...['--coordinators', addressesOf(members, 'coordinator')],
    ...listener('client', member.address),
    ...listener('internal', member.internalAddress),
    ...listener('admin', member.adminAddress),
  ];
}

function workerFlags(member: ConnectorWorkerMember, members: readonly Member[]): readonly string[] {
  const brokers = members.filter(({ kind }) => kind === 'broker').length;
  const replicas = brokers < DEFAULT_REPLICAS ? ['--replication-factor', String(brokers)] : [];
  return [
    ...replicas,
    ...['--worker-id', member.name, '--bootstrap', addressesOf(members, 'broker')],
    ...listener('rest', member.address),
    ...listener('grpc', member.grpcAddress),
    ...listener('admin', member.adminAddress),
  ];
}

function listener(name: string, address: string): readonly string[] {
  const [host = '', port = ''] = address.split(':');
  return [`--${name}-host`, host, `--${name}-port`, port];
}
