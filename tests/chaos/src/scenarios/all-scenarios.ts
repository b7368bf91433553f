import { abandonedTransaction } from './abandoned-transaction.ts';
import { failSyncs, fillDisk, slowDisks } from './bad-disks.ts';
import { bounceLeader } from './bounce-leader.ts';
import { groupMembers } from './group-members.ts';
import { hijack } from './hijack.ts';
import { isolateLeader } from './isolate-leader.ts';
import { jumpClocks } from './jump-clocks.ts';
import { killAll } from './kill-all.ts';
import { killController } from './kill-controller.ts';
import { lateEnd } from './late-end.ts';
import { loseDisk } from './lose-disk.ts';
import { loseEtcd } from './lose-etcd.ts';
import { loseTransactionOwner } from './lose-transaction-owner.ts';
import { mixedFaults } from './mixed-faults.ts';
import { pauseController } from './pause-controller.ts';
import { pauseLeader } from './pause-leader.ts';
import { reassign } from './reassign.ts';
import type { Scenario } from './scenario.ts';
import { transactionalCopy } from './transactional-copy.ts';
import { transfers } from './transfers.ts';

/** What `npm run test:chaos` can run, in its order. */
export const SCENARIOS: readonly Scenario[] = [
  ...[bounceLeader, isolateLeader, pauseLeader, pauseController, killController, loseEtcd, reassign],
  ...[lateEnd, loseTransactionOwner, transactionalCopy, transfers, abandonedTransaction, hijack, groupMembers],
  ...[mixedFaults, loseDisk, failSyncs, fillDisk, killAll, slowDisks, jumpClocks],
];
