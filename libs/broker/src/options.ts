import {
  assert,
  type BrokerId,
  type Clock,
  type Compute,
  type Connector,
  DEFAULT_NAMESPACE,
  type Disk,
  type Ids,
  type Logger,
  type Meter,
  type Namespace,
  type Random,
  type Scheduler,
} from '@moldau/kernel';
import type { SupportedLevels } from '@moldau/protocol';
import type { LogDirectorySettings, RecoveryProgress } from '@moldau/storage';
import type { ConcurrencyBounds } from './limits/concurrency-limit.ts';
import type { LogStore } from './partition/log-store.ts';
import type { TransactionCoordinator } from './transactions/transaction-coordinator.ts';

const MIB = 1024 * 1024;

/** The ports that a broker runs on. */
export interface BrokerDeps {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly ids: Ids;
  readonly compute: Compute;
  readonly connector: Connector;
  readonly logger: Logger;
  readonly meter: Meter;
  /** Stands for the coordinators of transactions in specs. Default: those that the metadata names. */
  readonly transactions?: TransactionCoordinator | undefined;
  /** Stands between the broker and its logs: where a simulation plants bugs. Default: nothing does. */
  readonly wrapLogs?: ((logs: LogStore) => LogStore) | undefined;
}

/** Where one listener is reached. */
export interface ListenerEndpoint {
  readonly host: string;
  readonly port: number;
}

export interface BrokerOptions {
  readonly brokerId: BrokerId;
  /** Path of the data directory; formatted when it is new. */
  readonly dataDirectory: string;
  /** `host:port` of coordinators' internal listeners, at least one; the others are learned. */
  readonly coordinators: readonly string[];
  /** Addresses by listener (`client`, `internal`), as others reach them. Read at `start`, when the servers listen. */
  readonly endpoints: () => ReadonlyMap<string, ListenerEndpoint>;
  /** Rack or zone; default none. */
  readonly rack?: string;
  readonly softwareVersion?: string;
  /** Feature levels it supports; default none. */
  readonly features?: ReadonlyMap<string, SupportedLevels>;
  /** Namespaces that clients may use beside `default`. */
  readonly namespaces?: readonly Namespace[];
  readonly storage?: Partial<LogDirectorySettings>;
  readonly onRecovery?: (progress: RecoveryProgress) => void;
  /** Bytes of batches between arrival and answer; default 32 MiB. */
  readonly produceBudgetBytes?: number;
  /** Bytes of batches on their way to consumers; default 32 MiB. */
  readonly fetchBudgetBytes?: number;
  /** Bytes of batches on their way to followers; default 32 MiB. */
  readonly replicationBudgetBytes?: number;
  /** Unary calls under way; default 1,000 a connection, 10,000 in all. */
  readonly requests?: ConcurrencyBounds;
  /** Streams open; default 100 a connection, 5,000 in all. */
  readonly streams?: ConcurrencyBounds;
  /** Longest record batch that any topic may allow, told to producers; default 32 MiB, what fits an internal message. */
  readonly maxBatchBytes?: number;
  /** How long `shutdown` waits for what is unanswered, and then again for the controller; default 5,000. */
  readonly shutdownTimeoutMs?: number;
}

export interface BrokerSettings extends Required<Omit<BrokerOptions, 'rack' | 'namespaces' | 'onRecovery'>> {
  readonly rack: string | undefined;
  readonly namespaces: ReadonlySet<Namespace>;
  readonly onRecovery: ((progress: RecoveryProgress) => void) | undefined;
}

/** The options with their defaults. Asserts what would not work; users' values were validated by the app's schema. */
export function validateOptions(options: BrokerOptions): BrokerSettings {
  assert(options.coordinators.length > 0, 'a broker is given a coordinator to begin with', {});
  const settings: BrokerSettings = {
    softwareVersion: '',
    features: new Map(),
    storage: {},
    produceBudgetBytes: 32 * MIB,
    fetchBudgetBytes: 32 * MIB,
    replicationBudgetBytes: 32 * MIB,
    requests: { perPeer: 1_000, perServer: 10_000 },
    streams: { perPeer: 100, perServer: 5_000 },
    maxBatchBytes: 32 * MIB,
    shutdownTimeoutMs: 5_000,
    ...options,
    rack: options.rack,
    namespaces: new Set([DEFAULT_NAMESPACE, ...(options.namespaces ?? [])]),
    onRecovery: options.onRecovery,
  };
  assert(settings.produceBudgetBytes > 0 && settings.fetchBudgetBytes > 0, 'byte budgets are above 0', {});
  return settings;
}
