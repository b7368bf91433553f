export { withDirectoryLock } from './directory-lock.ts';
export type { ClusterSize } from './layout.ts';
export {
  LocalCluster,
  type LocalClusterOptions,
  type MemberEnding,
  type StartProgress,
  type StopOptions,
  type UpOptions,
} from './local-cluster.ts';
export type { BrokerMember, CoordinatorMember, EtcdMember, Member, MemberKind } from './member.ts';
export type { MemberCommand, ServiceFlags } from './member-command.ts';
export type { MemberPlace, MemberPlaces } from './member-place.ts';
export type { ProcessIdentity } from './process-identity.ts';
