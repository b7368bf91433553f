import type { Logger, Meter } from '@moldau/kernel';
import type { PluginModule } from './thread/thread-messages.ts';

export interface ConnectWorkerOptions {
  /** `host:port` of brokers to begin with. */
  readonly bootstrap: readonly string[];
  readonly namespace?: string | undefined;
  /** Workers of the same one share connectors; 1–60 characters of [a-zA-Z0-9._-]. */
  readonly groupId: string;
  /** Unique among the living. */
  readonly workerId: string;
  /** Where other workers reach its REST API: http://host:port. */
  readonly restUrl: string;
  readonly builtIn: readonly PluginModule[];
  /** Folder of more plugins, one folder each. */
  readonly pluginPath?: string | undefined;
  /** Of the worker cluster's own topics; undefined: the cluster's default. */
  readonly replicationFactor?: number | undefined;
  readonly keyConverter: string;
  readonly valueConverter: string;
  readonly headerConverter: string;
  /** Whether sources that can are exactly once. */
  readonly exactlyOnceSource: boolean;
  readonly logger: Logger;
  readonly meter: Meter;
}
