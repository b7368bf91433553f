import { bounceLeader } from './bounce-leader.ts';
import { killAll } from './kill-all.ts';
import { loseEtcd } from './lose-etcd.ts';
import { mixedFaults } from './mixed-faults.ts';
import { pauseController } from './pause-controller.ts';
import { pauseLeader } from './pause-leader.ts';
import type { Scenario } from './scenario.ts';

/** What `npm run test:chaos` can run, in its order. */
export const SCENARIOS: readonly Scenario[] = [killAll, bounceLeader, pauseLeader, pauseController, loseEtcd, mixedFaults];
