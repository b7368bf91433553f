import type { Clock, Disk, Ids, Random, Scheduler } from '@moldau/kernel';
import { createNodeClock, createNodeDisk, createNodeIds, createNodeRandom, createNodeScheduler } from '@moldau/platform-node';

/** The ports that need nothing from the caller. */
export interface NodePorts {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly ids: Ids;
  readonly disk: Disk;
}

export function createNodePorts(): NodePorts {
  return {
    clock: createNodeClock(),
    scheduler: createNodeScheduler(),
    random: createNodeRandom(),
    ids: createNodeIds(),
    disk: createNodeDisk(),
  };
}
