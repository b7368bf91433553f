import type { SeededRandom, SimNetwork, SimScheduler } from '@moldau/testkit';
import type { Trace } from '../run/trace.ts';
import type { Cuts } from './cuts.ts';

/** What every simulated machine stands on. */
export interface NodeDeps {
  readonly scheduler: SimScheduler;
  readonly network: SimNetwork;
  readonly cuts: Cuts;
  readonly trace: Trace;
  /** The node's own: what it draws changes nothing elsewhere. */
  readonly random: SeededRandom;
  /** Names of all nodes there are, this one included. */
  names(): readonly string[];
}

/**
 * How a process ends. `kill`: SIGKILL; its peers hear of it at once, and what it wrote stays. `power`: the machine is off; its
 * peers hear nothing, and what was not synced is lost, or torn.
 */
export type Ending = 'kill' | 'power';
