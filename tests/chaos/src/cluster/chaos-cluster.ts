import type { ClusterProcess, NetworkFaults } from '@moldau/harness';
import type { WallClocks } from './wall-clocks.ts';

/** A process to be hurt: killed, paused, stopped, and started again over the same data. */
export type ChaosProcess = Pick<ClusterProcess, 'name' | 'pid' | 'kill' | 'pause' | 'resume' | 'stop' | 'restart'>;

/** What a scenario needs of a cluster, and what one has. */
export interface ClusterShape {
  readonly brokers: number;
  /** 0: standalone, which is all services in one process. */
  readonly coordinators: number;
  readonly etcd: number;
  /** Network namespaces: `needed` to run at all, `used` where they can be had. Default: all on the loopback. */
  readonly network?: 'needed' | 'used';
  /** Brokers have their data on file systems of this size, which can be filled. */
  readonly diskMib?: number;
  /** The wall clocks of brokers and coordinators can be moved. */
  readonly clocks?: true;
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
  /** Between the processes, by their names; undefined on the loopback. */
  readonly network: NetworkFaults | undefined;
  /** Undefined where they can't be moved. */
  readonly clocks: WallClocks | undefined;
  dataDirectory(broker: string): string;
  /** What the processes have logged, by name; read it before the cluster is disposed of. */
  logs(): Iterable<readonly [name: string, text: string]>;
}

/** Replicas of a partition: three where there are brokers enough. */
export function factorOf({ brokers }: Pick<ClusterShape, 'brokers'>): number {
  return brokers >= 3 ? 3 : 1;
}
