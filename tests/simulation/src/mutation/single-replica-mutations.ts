import type { Fault } from '../scenario/fault.ts';
import { forgetsCheckpoints, forgetsDirectories, retriesSync, syncsLater } from './disk-mutations.ts';
import { skipsRevisions, trustsLease } from './metadata-mutations.ts';
import type { Mutation } from './mutation.ts';

/** Known bugs that need no second replica to show. */
export const SINGLE_REPLICA_MUTATIONS: readonly Mutation[] = [
  {
    name: 'ack-before-fsync',
    description: 'a flush is reported when it has begun',
    disk: syncsLater,
    scenario: { factor: 1, faults: (random, { brokers }) => powerLosses(brokers, () => random.between(50, 300)) },
  },
  {
    name: 'fsync-retried',
    description: 'a failed flush is tried again and believed',
    disk: retriesSync,
    scenario: {
      factor: 1,
      faults: (random, { brokers }) =>
        diskTrouble(
          brokers,
          () => random.between(1, 60),
          () => random.between(500, 3_000),
        ),
    },
  },
  {
    name: 'recovery-cuts-confirmed',
    description: 'recovery knows of no checkpointed high watermark, and cuts a log at the first bad checksum wherever it is',
    disk: forgetsCheckpoints,
    // A healthy broker keeps the log and does not serve it: it makes no progress, and loses nothing.
    findings: ['high-watermark-back', 'lost-write', 'unseen', 'inconsistent-offsets', 'lost-read'],
    scenario: {
      factor: 1,
      faults: (random, { brokers }) => brokers.map((broker) => ({ kind: 'bit-rot', broker, at: random.fraction(), forMs: 500 })),
    },
  },
  {
    name: 'names-not-durable',
    description: 'directories are never synced',
    disk: forgetsDirectories,
    scenario: { factor: 1 },
  },
  {
    name: 'stale-controller-not-fenced',
    description: 'a controller that trusts its lease: no write compares the key of the office',
    store: trustsLease,
    scenario: { factor: 1, faults: (random, { coordinators }) => controllersAway(coordinators, () => random.between(4_000, 7_000)) },
  },
  {
    name: 'watch-skips-revisions',
    description: 'one revision in seven is never told to the watchers of the metadata',
    store: skipsRevisions,
    scenario: { factor: 1 },
  },
  {
    name: 'retries-not-idempotent',
    description: 'producers retry without a sequence',
    idempotent: false,
    scenario: { factor: 1, faults: (random, { brokers, clients }) => answersLost(brokers, clients, () => random.between(50, 300)) },
  },
];

/** Flushes take long, and machines lose their power meanwhile. */
function powerLosses(brokers: readonly number[], ms: () => number): readonly Fault[] {
  return brokers.flatMap((broker): readonly Fault[] => [
    { kind: 'slow-disk', broker, extraMs: ms(), forMs: 20_000 },
    ...[1, 2, 3].map((): Fault => ({ kind: 'power-loss', brokers: [broker], forMs: ms() })),
  ]);
}

/** Connections break while disks are slow: what was sent is written, and nobody hears of it. */
function answersLost(brokers: readonly number[], clients: readonly string[], ms: () => number): readonly Fault[] {
  return brokers.flatMap((broker): readonly Fault[] => [
    { kind: 'slow-disk', broker, extraMs: ms(), forMs: 20_000 },
    ...clients.map((one): Fault => ({ kind: 'reset', one, other: `broker-${broker}` })),
  ]);
}

/** Coordinators stop for longer than their leases last, and come back. */
function controllersAway(coordinators: readonly number[], forMs: () => number): readonly Fault[] {
  return coordinators.flatMap((coordinator): readonly Fault[] => [
    { kind: 'pause', node: `coordinator-${coordinator}`, forMs: forMs() },
    { kind: 'pause', node: `coordinator-${coordinator}`, forMs: forMs() },
    { kind: 'kill-broker', broker: 1, forMs: forMs() },
  ]);
}

/** A flush fails on every broker; later the machine loses its power. */
function diskTrouble(brokers: readonly number[], nth: () => number, forMs: () => number): readonly Fault[] {
  return [1, 2].flatMap(() =>
    brokers.flatMap((broker): readonly Fault[] => [
      { kind: 'sync-fails', broker, nth: nth(), forMs: forMs() },
      { kind: 'power-loss', brokers: [broker], forMs: forMs() },
    ]),
  );
}
