import { setTimeout as sleep } from 'node:timers/promises';
import type { ClusterProcess } from '../cluster/cluster-process.ts';
import type { Cluster } from '../cluster/start-cluster.ts';

/**
 * `kill`: kill -9 of a broker that leads partitions and follows others. `stop`: it is asked to stop. `pause`: it is stopped in its
 * tracks for longer than its session, and wakes up. `coordinator`: kill -9 of one, the controller and a standby by turns. `etcd`:
 * kill -9, away for a while. `rolling`: all brokers are stopped and started again, one after the other.
 */
export const FAULTS = ['kill', 'stop', 'pause', 'coordinator', 'etcd', 'rolling'] as const;

export type Fault = (typeof FAULTS)[number];

/** What a fault may hit. */
export interface FaultTargets {
  readonly cluster: Cluster;
  /** Leads partitions, and follows others. */
  readonly broker: ClusterProcess;
  readonly coordinator: ClusterProcess;
  /** How long etcd is away; a paused broker twice its session at least. */
  readonly outageMs: number;
  /** Waits until every partition has all its replicas in sync. */
  whole(): Promise<void>;
}

/** A fault that has been planned. */
export interface PlannedFault {
  /** Names of the processes that it hits. */
  readonly targets: readonly string[];
  begin(): Promise<void>;
  end(): Promise<void>;
}

/** Longer than a session of 3 s, and than what comes of its end. */
const PAUSE_MS_MIN = 8_000;

export function planFault(fault: Fault, { cluster, broker, coordinator, outageMs, whole }: FaultTargets): PlannedFault {
  switch (fault) {
    case 'kill':
      return { targets: [broker.name], begin: () => broker.kill(), end: () => broker.restart() };
    case 'stop':
      return { targets: [broker.name], begin: () => broker.stop(), end: () => broker.restart() };
    case 'coordinator':
      return { targets: [coordinator.name], begin: () => coordinator.kill(), end: () => coordinator.restart() };
    case 'pause':
      return {
        targets: [broker.name],
        async begin(): Promise<void> {
          broker.pause();
          await sleep(Math.max(PAUSE_MS_MIN, outageMs));
        },
        end: async () => broker.resume(),
      };
    case 'etcd':
      return {
        targets: cluster.etcd.map(({ name }) => name),
        async begin(): Promise<void> {
          await Promise.all(cluster.etcd.map((each) => each.kill()));
          await sleep(outageMs);
        },
        end: async () => void (await Promise.all(cluster.etcd.map((each) => each.restart()))),
      };
    case 'rolling':
      return {
        targets: cluster.brokers.map(({ name }) => name),
        async begin(): Promise<void> {
          for (const each of cluster.brokers) {
            await each.restart();
            await whole();
          }
        },
        end: async () => {},
      };
  }
}
