import type { ClusterProcess } from '@moldau/harness';

/** A process to be hurt: killed, paused, stopped, and started again over the same data. */
export type ChaosProcess = Pick<ClusterProcess, 'name' | 'pid' | 'kill' | 'pause' | 'resume' | 'stop' | 'restart'>;

/** What a scenario needs of a cluster, and what one has. */
export interface ClusterShape {
  readonly brokers: number;
  /** 0: standalone, which is all services in one process. */
  readonly coordinators: number;
  readonly etcd: number;
}

/** A cluster of real processes under test. */
export interface ChaosCluster extends AsyncDisposable {
  /** `host:port,…` of all brokers. */
  readonly bootstrap: string;
  /** Named `broker-<id>`. */
  readonly brokers: readonly ChaosProcess[];
  /** Named by their ids. */
  readonly coordinators: readonly ChaosProcess[];
  readonly etcd: readonly ChaosProcess[];
  /** What the processes have logged, by name; read it before the cluster is disposed of. */
  logs(): Iterable<readonly [name: string, text: string]>;
}
