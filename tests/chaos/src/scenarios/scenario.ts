import type { Moldau } from '@moldau/client';
import type { OpRecorder } from '@moldau/harness';
import type { SeededRandom } from '@moldau/testkit';
import type { ChaosCluster, ClusterShape } from '../cluster/chaos-cluster.ts';

/** What a round of a scenario has to do with. Producers and a consumer work all the while. */
export interface RoundContext {
  readonly cluster: ChaosCluster;
  readonly moldau: Moldau;
  readonly topic: string;
  readonly partitions: number;
  readonly recorder: OpRecorder;
  readonly random: SeededRandom;
  /** Counts from 0. */
  readonly round: number;
  /** Whether faults last as long as the design's list has them, where the usual form is shorter. */
  readonly long: boolean;
  /** Keeps the highest figure of this name. */
  figure(name: string, value: number): void;
}

/** A fault again and again under load. Whatever it does, the history must be one of a log that loses nothing. */
export interface Scenario {
  /** As in the design's list of tests. */
  readonly name: string;
  readonly title: string;
  readonly needs: ClusterShape;
  readonly rounds: number;
  /** Why it can't run here, beside what its cluster needs; undefined when it can. */
  whyNot?(): Promise<string | undefined>;
  /** Does something, undoes it, and throws when anything but the history went wrong. */
  round(context: RoundContext): Promise<void>;
}

/** The rig of the design's list: three replicas of each partition, a controller with a standby, etcd. */
export const REPLICATED: ClusterShape = { brokers: 3, coordinators: 2, etcd: 1 };
