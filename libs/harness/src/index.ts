export { type Child, type ChildEnding, type ChildOptions, startChild } from './child/child-process.ts';
export { type ServiceSpawnOptions, type SpawnedService, spawnService } from './child/spawn-service.ts';
export type { ClusterProcess } from './cluster/cluster-process.ts';
export { type Cluster, type ClusterOptions, startCluster } from './cluster/start-cluster.ts';
export { freePort } from './free-port.ts';
export { type Anomaly, type AnomalyName, checkHistory } from './history/check-history.ts';
export { createHistory, type History, type Read, type Send, type SendOutcome } from './history/history.ts';
export { identityOf, isIntact, keyOf, UNIQUE_VALUE_BYTES_MIN, uniqueValue, type ValueIdentity } from './history/unique-value.ts';
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
