import type { MoldauError, Offset } from '@moldau/kernel';

export interface AdminCallOptions {
  /** Default: the client's `requestTimeoutMs`. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface DryRunOptions extends AdminCallOptions {
  /** Only check: answer as if, change nothing. */
  readonly dryRun?: boolean;
}

/** A topic to create. */
export interface NewTopicInput {
  readonly name: string;
  /** Default the cluster's `num.partitions`. */
  readonly partitions?: number;
  /** Default the cluster's `default.replication.factor`. */
  readonly replicationFactor?: number;
  /** Settings that differ from the defaults. */
  readonly configs?: Readonly<Record<string, string>>;
}

export interface CreatedTopic {
  readonly name: string;
  /** Empty on error and in a dry run. */
  readonly topicId: string;
  readonly partitions: number;
  readonly replicationFactor: number;
  readonly error: MoldauError | undefined;
}

/** What became of one topic. */
export interface TopicOutcome {
  readonly name: string;
  /** Empty when unknown. */
  readonly topicId: string;
  readonly error: MoldauError | undefined;
}

export interface ListTopicsOptions extends AdminCallOptions {
  /** Also topics where Moldau keeps its own state. */
  readonly includeInternal?: boolean;
  /** Topics per request, 1 … 10,000; default 1,000. */
  readonly pageSize?: number;
}

/** One line of the list of topics. */
export interface TopicListing {
  readonly name: string;
  readonly topicId: string;
  readonly partitions: number;
  readonly replicationFactor: number;
  readonly internal: boolean;
}

export interface DescribedPartition {
  readonly partition: number;
  /** Undefined while there is none. */
  readonly leaderId: number | undefined;
  readonly leaderEpoch: number;
  /** The preferred leader first. */
  readonly replicaIds: readonly number[];
  readonly inSyncReplicaIds: readonly number[];
}

export interface DescribedTopic {
  readonly name: string;
  /** Empty when unknown. */
  readonly topicId: string;
  readonly internal: boolean;
  readonly replicationFactor: number;
  readonly maxMessageBytes: number;
  readonly partitions: readonly DescribedPartition[];
  /** Settings that differ from the defaults. */
  readonly configs: Readonly<Record<string, string>>;
  readonly error: MoldauError | undefined;
}

/** What has settings: a topic, one broker, or all brokers. */
export type ConfigTarget =
  | { readonly topic: string }
  | { readonly brokerId: number }
  | { readonly group: string }
  | { readonly clusterDefaults: true };

/** Where a value comes from. */
export type ConfigOrigin = 'unknown' | 'default' | 'static-broker' | 'cluster-default' | 'dynamic-broker' | 'topic' | 'group';

export interface DescribedConfig {
  readonly name: string;
  readonly value: string;
  readonly source: ConfigOrigin;
  /** boolean, int, long, double, string, list, enum. */
  readonly type: string;
  readonly documentation: string;
  readonly readOnly: boolean;
  readonly defaultValue: string;
}

export interface DescribedConfigs {
  readonly resource: ConfigTarget;
  readonly entries: readonly DescribedConfig[];
  readonly error: MoldauError | undefined;
}

/** Changes of one resource's settings, all or none of them. */
export interface ConfigChanges {
  readonly resource: ConfigTarget;
  /** Without a value: back to the default. */
  readonly changes: readonly { readonly name: string; readonly value?: string }[];
}

export interface ConfigOutcome {
  readonly resource: ConfigTarget;
  readonly error: MoldauError | undefined;
}

/** Where a partition's log shall begin: at an offset, or at its end. */
export interface RecordsToDelete {
  readonly topic: string;
  readonly partition: number;
  readonly before: { readonly offset: number } | 'all';
}

export interface DeletedRecords {
  readonly topic: string;
  readonly partition: number;
  /** First offset of the log now; undefined on error. */
  readonly logStartOffset: Offset | undefined;
  readonly error: MoldauError | undefined;
}

export interface DescribedBroker {
  readonly brokerId: number;
  readonly host: string;
  readonly port: number;
  readonly rack: string | undefined;
  /** Registered, but not serving. */
  readonly fenced: boolean;
  readonly brokerEpoch: number;
  readonly softwareVersion: string;
  /** Takes no new replicas. */
  readonly cordoned: boolean;
  /** Its replicas are being moved away. */
  readonly draining: boolean;
  /** Is about to stop. */
  readonly shuttingDown: boolean;
  /** Its disk flushes much slower than others': others lead, and are in sync, where there are enough of them. */
  readonly slowDisk: boolean;
}

export interface DescribedCoordinator {
  readonly coordinatorId: string;
  readonly address: string;
  /** Whether it is the controller. */
  readonly controller: boolean;
}

export interface DescribedCluster {
  readonly clusterId: string;
  readonly metadataVersion: number;
  readonly brokers: readonly DescribedBroker[];
  readonly coordinators: readonly DescribedCoordinator[];
  /** Finalised level of each feature. */
  readonly features: Readonly<Record<string, number>>;
  readonly topics: number;
  readonly partitions: number;
}
