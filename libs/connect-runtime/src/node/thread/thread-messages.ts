import type { JsonObject } from '@moldau/connect';
import type { ConnectorConfig, ConnectorKind } from '../../core/config-record.ts';

/** Where a plugin's code is: a built-in package or a folder below the plugin folder. Only threads import it. */
export interface PluginModule {
  /** For people: package or folder. */
  readonly name: string;
  /** What is imported: a file: URL. */
  readonly url: string;
}

/** How a thread reaches the cluster. */
export interface ClientAccess {
  readonly bootstrap: readonly string[];
  readonly namespace?: string | undefined;
}

/** What one thread is for. */
export type ThreadJob =
  | { readonly t: 'plugins'; readonly modules: readonly PluginModule[] }
  | {
      readonly t: 'validate';
      readonly module: PluginModule;
      readonly className: string;
      readonly config: JsonObject;
      readonly defaults: ConverterDefaults;
    }
  | (RunJob & { readonly t: 'plan' })
  | (RunJob & { readonly t: 'task'; readonly task: number; readonly settings: JsonObject; readonly paused: boolean });

interface RunJob {
  readonly module: PluginModule;
  readonly access: ClientAccess;
  readonly groupId: string;
  readonly connector: string;
  readonly kind: ConnectorKind;
  /** As it was given: references to secrets are resolved in the thread. */
  readonly config: ConnectorConfig;
  /** Converters where the connector names none. */
  readonly defaults: ConverterDefaults;
  /** Whether sources that can are exactly once. */
  readonly exactlyOnce: boolean;
}

export interface ConverterDefaults {
  readonly keyConverter: string;
  readonly valueConverter: string;
  readonly headerConverter: string;
}

export type TaskJob = Extract<ThreadJob, { t: 'task' }>;
export type PlanJob = Extract<ThreadJob, { t: 'plan' }>;

/** To the thread. */
export type ThreadOrder = { readonly t: 'pause' } | { readonly t: 'resume' } | { readonly t: 'stop' };

/** A definition, without its code. */
export interface PluginClass {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly kind: ConnectorKind;
  readonly version: string;
  readonly doc: string;
  readonly exactlyOnce: boolean;
  readonly fields: readonly ConfigFieldInfo[];
}

/** A setting as Kafka's REST API shows it. */
export interface ConfigFieldInfo {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  readonly defaultValue: string | null;
  readonly importance: 'HIGH' | 'MEDIUM' | 'LOW';
  readonly doc: string;
  readonly group: string;
  readonly displayName: string;
  readonly order: number;
  readonly recommended: readonly string[];
}

export interface ConfigValue {
  readonly name: string;
  /** As given; masked where it is a secret that was written out. */
  readonly value: string | null;
  readonly recommended: readonly string[];
  readonly errors: readonly string[];
}

export interface ValidationResult {
  readonly fields: readonly ConfigFieldInfo[];
  readonly values: readonly ConfigValue[];
  readonly errorCount: number;
}

/** Growth of counters and states of gauges since the last, for the worker's metrics. */
export interface MetricSample {
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  readonly values: readonly string[];
  readonly buckets?: readonly number[];
  /** Of a histogram all that were recorded, of the others one. */
  readonly numbers: readonly number[];
}

/** From the thread. */
export type ThreadMessage =
  | { readonly t: 'loading'; readonly module: string }
  | { readonly t: 'plugin'; readonly module: PluginModule; readonly classes: readonly PluginClass[] }
  | { readonly t: 'plugin-fault'; readonly module: PluginModule; readonly cause: string }
  | { readonly t: 'validated'; readonly result: ValidationResult }
  | { readonly t: 'planned'; readonly tasks: readonly JsonObject[]; readonly watches: boolean }
  | { readonly t: 'started' }
  | { readonly t: 'paused' }
  | { readonly t: 'resumed' }
  | { readonly t: 'finished' }
  /** What it waits for; empty: nothing any more. */
  | { readonly t: 'note'; readonly text: string }
  /** Each second. `bufferBytes`: memory outside the heap; `topics`: that records went through since the last one. */
  | { readonly t: 'beat'; readonly samples: readonly MetricSample[]; readonly bufferBytes: number; readonly topics: readonly string[] }
  | {
      readonly t: 'log';
      readonly level: 'debug' | 'info' | 'warn' | 'error';
      readonly message: string;
      readonly fields: Readonly<Record<string, unknown>>;
    }
  | { readonly t: 'failed'; readonly cause: string };
