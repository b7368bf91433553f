import type { ScenarioOptions } from '../scenario/scenario.ts';
import { wrapEach } from './delegating-logs.ts';
import { CutsToWatermark, ForgetsProducers, TakesWrittenForFlushed } from './log-mutations.ts';
import { electsAnyone, forgetsProposals, ignoresDirectories, ignoresLives, ignoresMinimum } from './metadata-mutations.ts';
import type { Mutation } from './mutation.ts';
import { acknowledgesReceived, answersTooEarly, countsUnverified, ignoresLastEpoch, trustsEarlierFetches } from './replica-mutations.ts';
import {
  aloneInSync,
  diskLostByTheLast,
  failoversUnderLoad,
  joinedUnheard,
  joinedWithoutDisk,
  lateToTheNewLeader,
  leaderCutOff,
  leftOutAlone,
  restartOneFirst,
  restartsOfAll,
  returnsEmpty,
  slowDisksLosePower,
} from './replication-plans.ts';

/** Three brokers hold three replicas of each of so many partitions: each broker leads some, whichever is chosen to fail. */
const PARTITIONS = 6;
const LOAD_MS = 12_000;

function planned(plan: NonNullable<ScenarioOptions['plan']>): ScenarioOptions {
  return { brokers: 3, factor: 3, minIsr: 2, partitions: PARTITIONS, loadMs: LOAD_MS, plan };
}

/** Known bugs of replication, each with faults that bring it to light; a healthy cluster stands all of them. */
export const REPLICATION_MUTATIONS: readonly Mutation[] = [
  {
    name: 'truncates-to-watermark',
    description: 'a follower cuts its log to its high watermark instead of by epochs (KIP-101)',
    broker: () => ({ logs: (store) => wrapEach(store, (log) => new CutsToWatermark(log)) }),
    scenario: planned(restartsOfAll),
  },
  {
    name: 'fetch-epoch-not-checked',
    description: "a leader does not compare the epoch of a follower's last batch with its own log",
    broker: () => ({ internalHandlers: ignoresLastEpoch }),
    scenario: planned(leaderCutOff),
  },
  {
    name: 'unverified-end-counts',
    description: 'a leader counts the end of a follower before it has compared the logs',
    broker: () => ({ internalHandlers: countsUnverified }),
    // Who refuses to cut what it has confirmed makes no progress either: only wrong records are proof.
    findings: ['consumer-failed', 'candidate-incomplete', 'inconsistent-offsets', 'lost-write', 'lost-read', 'high-watermark-back'],
    scenario: planned(lateToTheNewLeader),
  },
  {
    name: 'no-maximal-isr',
    description: 'the members of a proposed ISR count only once the record comes (KIP-497, KIP-966)',
    broker: () => ({ connector: forgetsProposals }),
    scenario: planned(joinedUnheard),
  },
  {
    name: 'written-counts-as-flushed',
    description: 'the high watermark goes by written ends, not by flushed ones',
    broker: () => ({ logs: (store) => wrapEach(store, (log) => new TakesWrittenForFlushed(log)) }),
    scenario: planned(slowDisksLosePower),
  },
  {
    name: 'follower-acknowledges-received',
    description: 'a follower acknowledges what it has received, before its fsync',
    broker: () => ({ connector: acknowledgesReceived }),
    scenario: planned(slowDisksLosePower),
  },
  {
    name: 'stale-isr-expand',
    description: 'a controller takes a member into the ISR whatever life of it the leader has heard (KIP-903)',
    coordinator: ignoresLives,
    scenario: planned(joinedWithoutDisk),
  },
  {
    name: 'earlier-fetches-trusted',
    description: 'a leader counts how far a replica once was, when it comes back and has to fetch anew',
    broker: trustsEarlierFetches,
    scenario: planned(returnsEmpty),
  },
  {
    name: 'min-insync-not-checked',
    description: 'a leader alone in sync confirms what it has, below min.insync.replicas',
    broker: () => ({ connector: ignoresMinimum }),
    scenario: planned(aloneInSync),
  },
  {
    name: 'elects-anyone',
    description: 'a controller elects any replica when nobody with rights serves',
    store: electsAnyone,
    scenario: planned(leftOutAlone),
  },
  {
    name: 'rights-without-a-log',
    description: 'a broker that comes back with an empty disk keeps its place in ISR and ELR',
    coordinator: ignoresDirectories,
    scenario: planned(diskLostByTheLast),
  },
  {
    name: 'end-told-too-early',
    description: 'a new leader tells its high watermark as the end before it has reached the start of its epoch',
    broker: answersTooEarly,
    scenario: planned(restartOneFirst),
  },
  {
    name: 'sequences-not-replicated',
    description: 'a new leader does not know which batches of a producer its predecessor took',
    broker: () => ({ logs: (store) => wrapEach(store, (log) => new ForgetsProducers(log)) }),
    scenario: planned(failoversUnderLoad),
  },
];
