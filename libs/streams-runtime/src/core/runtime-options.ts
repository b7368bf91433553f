import type { Moldau } from '@moldau/client';
import type { Clock, Logger, Scheduler } from '@moldau/kernel';
import type { ProcessingGuarantee, StreamsSettings, TaskId, TaskStates, Topology, TopologyPlan } from '@moldau/streams';
import type { GlobalFeed } from './global-feed.ts';

/** What the runtime needs of the world; `startStreams` builds it from Node. */
export interface RuntimePorts {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
  readonly states: TaskStates;
  /** Tasks of which state of an earlier run is left here. */
  readonly left: () => readonly TaskId[];
}

/** What all tasks of a thread share. */
export interface ThreadContext {
  readonly ports: RuntimePorts;
  readonly moldau: Moldau;
  readonly topology: Topology;
  readonly plan: TopologyPlan;
  readonly partitions: ReadonlyMap<string, number>;
  readonly globals: GlobalFeed;
  readonly settings: StreamsSettings;
  readonly guarantee: ProcessingGuarantee;
  readonly commitIntervalMs: number;
  readonly transactionalId: string;
  readonly processId: string;
  /** Where others ask for stores of this process, if they can. */
  readonly endpoint: string | undefined;
  /** By task: changelog records that state lacks which was left here by an earlier run. */
  readonly leftLags: ReadonlyMap<string, number>;
}
