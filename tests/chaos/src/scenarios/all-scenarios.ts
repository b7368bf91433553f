import { failSyncs, fillDisk, slowDisks } from './bad-disks.ts';
import { bounceLeader } from './bounce-leader.ts';
import { isolateLeader } from './isolate-leader.ts';
import { jumpClocks } from './jump-clocks.ts';
import { killAll } from './kill-all.ts';
import { killController } from './kill-controller.ts';
import { loseDisk } from './lose-disk.ts';
import { loseEtcd } from './lose-etcd.ts';
import { mixedFaults } from './mixed-faults.ts';
import { pauseController } from './pause-controller.ts';
import { pauseLeader } from './pause-leader.ts';
import { reassign } from './reassign.ts';
import type { Scenario } from './scenario.ts';
import { transactionalCopy } from './transactional-copy.ts';

/** What `npm run test:chaos` can run, in its order. */
export const SCENARIOS: readonly Scenario[] = [
  ...[bounceLeader, isolateLeader, pauseLeader, pauseController, killController, loseEtcd, reassign, transactionalCopy],
  ...[mixedFaults, loseDisk, failSyncs, fillDisk, killAll, slowDisks, jumpClocks],
];
