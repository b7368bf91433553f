export type { MemberCommand, MemberPlace } from '@moldau/local-cluster';
export { type Child, type ChildEnding, type ChildOptions, startChild } from './child/child-process.ts';
export { type ServiceSpawnOptions, type SpawnedService, spawnService } from './child/spawn-service.ts';
export type { ClusterProcess } from './cluster/cluster-process.ts';
export { type Cluster, type ClusterOptions, startCluster } from './cluster/start-cluster.ts';
export { type FailoverOptions, type FailoverOutcome, type FaultResult, runFailover } from './failover/failover-run.ts';
export { FAULTS, type Fault } from './failover/fault.ts';
export type { LedgerTotals } from './failover/ledger.ts';
export { freePort } from './free-port.ts';
export type { Anomaly, AnomalyName, Workload } from './history/anomaly.ts';
export { checkHistory, type LogAnomaly } from './history/check-history.ts';
export { checkOps, createChecker, type HistoryChecker, type HistoryVerdict } from './history/check-ops.ts';
export { createHistory, type History, type Read, type SendRecorder } from './history/history.ts';
export { checkHistoryFile, type HistoryWriter, writeHistory } from './history/history-file.ts';
export type { Op } from './history/op.ts';
export { createRecorder, type OpRecorder } from './history/op-recorder.ts';
export { uniqueValue, type ValueIdentity } from './history/unique-value.ts';
export { whyNoNamespaces } from './network/ip-command.ts';
export { createNetwork, type Network, type NetworkNode } from './network/network.ts';
export { type NetworkFaults, RUNNER } from './network/network-faults.ts';
export { type SectionMarks, sectionMarks, withSection } from './page/page-section.ts';
export { ruleOfThree } from './page/rule-of-three.ts';
export { type ProxyFault, type ProxyOptions, type TcpProxy, tcpProxy } from './proxy/tcp-proxy.ts';
export { type ScratchDirectory, scratchDirectory } from './scratch-directory.ts';
export {
  type ReadyLine,
  type SpawnedStandalone,
  type SpawnOptions,
  spawnStandalone,
  spawnStandaloneProcess,
} from './standalone/spawn-standalone.ts';
export { type StartOptions, startStandalone } from './standalone/start-standalone.ts';
export { type RecordedReadOptions, type RunningReader, recordFinalRead, startReader } from './workload/record-reads.ts';
export { type RunningWorkload, startWorkload, type WorkloadOptions } from './workload/start-workload.ts';
