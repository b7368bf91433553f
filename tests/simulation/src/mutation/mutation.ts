import type { LogStore } from '@moldau/broker';
import type { MetadataImage, MetadataStore } from '@moldau/cluster';
import type { CallHandlers, Connector, Disk } from '@moldau/kernel';
import type { ScenarioOptions } from '../scenario/scenario.ts';

/** A known bug, put into the ports around the real code: no product code knows of it. */
export interface Mutation {
  readonly name: string;
  /** What a system with this bug does. */
  readonly description: string;
  /** Stands between a broker and its disk. */
  readonly disk?: (disk: Disk) => Disk;
  /** Stands around one life of a broker. */
  readonly broker?: (view: ClusterView) => BrokerMutation;
  /** Stands before what a coordinator answers. */
  readonly coordinator?: (handlers: CallHandlers, view: ClusterView) => CallHandlers;
  /** Stands between a coordinator and the metadata store. */
  readonly store?: (store: MetadataStore) => MetadataStore;
  /** Whether producers are idempotent; default true. */
  readonly idempotent?: boolean;
  /** Only findings of these names count, where the scenario costs a healthy system something too; default all. */
  readonly findings?: readonly string[];
  /** What the runs that look for it fix. */
  readonly scenario?: ScenarioOptions;
}

/** What a planted bug may look at. */
export interface ClusterView {
  /** The newest metadata. */
  readonly image: () => MetadataImage;
}

/** What stands around one life of a broker; default nothing. */
export interface BrokerMutation {
  /** Between it and its logs. */
  readonly logs?: (logs: LogStore) => LogStore;
  /** Between it and whom it calls. */
  readonly connector?: (connector: Connector) => Connector;
  /** Before what it answers to clients. */
  readonly clientHandlers?: (handlers: CallHandlers) => CallHandlers;
  /** Before what it answers to other brokers. */
  readonly internalHandlers?: (handlers: CallHandlers) => CallHandlers;
}
