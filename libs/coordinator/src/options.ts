import type { MetadataStore, StaticConfigs } from '@moldau/cluster';
import {
  type Clock,
  type Connector,
  type CoordinatorId,
  type Ids,
  type Logger,
  type Meter,
  MoldauError,
  type Random,
  type Scheduler,
} from '@moldau/kernel';
import type { ShardKindFactory } from './shards/shard-host.ts';

/** The ports that a coordinator runs on. */
export interface CoordinatorDeps {
  /** Closed by its owner, after the coordinator. */
  readonly store: MetadataStore;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly ids: Ids;
  /** To the internal listeners of brokers and of other coordinators. */
  readonly connector: Connector;
  readonly logger: Logger;
  readonly meter: Meter;
  /** What coordinator shards keep the state of. Default: groups and transactions. */
  readonly shardKinds?: readonly ShardKindFactory[];
}

export interface CoordinatorOptions {
  /** Identity of this instance, unique among the living. */
  readonly coordinatorId: CoordinatorId;
  /** `host:port` of the internal listener, as brokers and other coordinators reach it. */
  readonly address: string;
  /** 1–63 characters of `[a-z0-9-]`: the keys lie under `/moldau/<clusterName>/`. Default `default`. */
  readonly clusterName?: string;
  readonly softwareVersion?: string;
  /** Cluster settings fixed at start, for example standalone's replication factor of 1. Default none. */
  readonly fixedConfigs?: StaticConfigs;
  /** Life of the lease that the controller's key hangs on: how long the cluster has no controller after a crash. Default 5,000. */
  readonly leaseTtlMs?: number;
  /** A broker is fenced after this long without a heartbeat. Default 3,000. */
  readonly sessionTimeoutMs?: number;
  /** Default 500. */
  readonly heartbeatIntervalMs?: number;
  /** How long a broker whose stream broke has to come back. Default 500. */
  readonly reconnectGraceMs?: number;
  /**
   * Most series of each metric of consumer lag, one for each partition of a group; groups that are further behind come first, the
   * others are summed up. Default 5,000.
   */
  readonly groupLagSeriesMax?: number;
}

export type CoordinatorSettings = Required<CoordinatorOptions>;

const CLUSTER_NAME = /^[a-z0-9-]{1,63}$/;

/** The options with their defaults. */
export function validateOptions(options: CoordinatorOptions): CoordinatorSettings {
  const clusterName = options.clusterName ?? 'default';
  if (!CLUSTER_NAME.test(clusterName)) {
    const facts = { setting: 'clusterName', value: clusterName, limit: '1–63 characters of a-z, 0-9 and -' };
    throw new MoldauError('INVALID_CONFIG', `cluster name '${clusterName}': ${facts.limit}`, facts);
  }
  return {
    softwareVersion: '',
    fixedConfigs: new Map(),
    leaseTtlMs: 5_000,
    sessionTimeoutMs: 3_000,
    heartbeatIntervalMs: 500,
    reconnectGraceMs: 500,
    groupLagSeriesMax: 5_000,
    ...options,
    clusterName,
  };
}
