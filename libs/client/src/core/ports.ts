import type { Clock, Compute, Connector, Logger, Random, Scheduler } from '@moldau/kernel';

/** What the SDK needs of the world; the Node entry point builds it from Node, the simulator from virtual time. */
export interface ClientPorts {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly compute: Compute;
  readonly connector: Connector;
  readonly logger: Logger;
}
