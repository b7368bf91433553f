import type { SeededRandom } from '@moldau/testkit';
import type { Fault, FaultKind } from './fault.ts';

/** What there is to break. */
export interface FaultTargets {
  readonly brokers: readonly number[];
  readonly coordinators: readonly number[];
  readonly clients: readonly string[];
  /** Disks that may be lost for ever within the promise: min.insync − 1. */
  readonly disksToLose: number;
  readonly partitions: number;
  /** Replicas of each partition. */
  readonly factor: number;
}

/** How often each is drawn, against the others. */
const WEIGHTS: Readonly<Record<FaultKind, number>> = {
  'kill-broker': 4,
  'power-loss': 5,
  'shutdown-broker': 2,
  'lose-disk': 3,
  'kill-coordinator': 3,
  // Drawn with the plan of groups and transactions.
  'kill-client': 0,
  pause: 5,
  'clock-jump': 2,
  delay: 2,
  partition: 5,
  reset: 3,
  'slow-disk': 2,
  'sync-fails': 2,
  'disk-full': 2,
  // With one replica it costs the partition, as it must: only runs that look for a planted bug plan it.
  'bit-rot': 0,
  'slow-proposals': 0,
  'store-outage': 2,
  'store-loss': 2,
  'compact-store': 1,
  reassign: 3,
  'cancel-reassignment': 1,
  'drain-broker': 1,
  'elect-preferred': 1,
};

/** What an operator does with replicas: drawn only where there are several brokers. */
const MOVES: ReadonlySet<FaultKind> = new Set(['reassign', 'cancel-reassignment', 'drain-broker', 'elect-preferred']);

const HOUR_MS = 3_600_000;

/** A fault of any kind. */
export function drawFault(random: SeededRandom, targets: FaultTargets): Fault {
  const kinds = (Object.keys(WEIGHTS) as FaultKind[]).filter(
    (kind) => (kind !== 'lose-disk' || targets.disksToLose > 0) && (!MOVES.has(kind) || targets.brokers.length > 1),
  );
  let left = random.below(kinds.reduce((sum, kind) => sum + WEIGHTS[kind], 0));
  for (const kind of kinds) {
    left -= WEIGHTS[kind];
    if (left < 0) return drawOf(kind, random, targets);
  }
  return { kind: 'compact-store' };
}

function drawOf(kind: FaultKind, random: SeededRandom, targets: FaultTargets): Fault {
  const broker = random.pick(targets.brokers);
  const coordinator = random.pick(targets.coordinators);
  const servers = [...targets.brokers.map((id) => `broker-${id}`), ...targets.coordinators.map((number) => `coordinator-${number}`)];
  const names = [...servers, ...targets.clients];
  // Short ones fall between heartbeats, long ones outlast sessions and leases.
  const forMs = random.chance(0.5) ? random.between(20, 900) : random.between(900, 7_000);
  switch (kind) {
    case 'kill-broker':
    case 'shutdown-broker':
    case 'lose-disk':
    case 'drain-broker':
      return { kind, broker, forMs };
    case 'power-loss':
      return { kind, brokers: random.chance(0.3) ? targets.brokers : [broker], forMs };
    case 'kill-coordinator':
      return { kind, coordinator, forMs };
    case 'kill-client':
      return { kind, client: random.pick(targets.clients), forMs };
    case 'pause':
      return { kind, node: random.pick(names), forMs };
    case 'clock-jump':
      return { kind, node: random.pick(names), byMs: random.between(-HOUR_MS, HOUR_MS) };
    case 'delay':
      return { kind, node: random.pick(names), extraMs: random.between(5, 400), forMs };
    case 'partition':
      return drawPartition(random, names, forMs);
    case 'reset': {
      const [one = '', other = ''] = random.shuffle(names);
      return { kind, one, other };
    }
    case 'slow-disk':
      return { kind, broker, extraMs: random.between(5, 300), forMs };
    case 'sync-fails':
      return { kind, broker, nth: random.between(1, 30), forMs };
    case 'bit-rot':
      return { kind, broker, at: random.fraction(), forMs };
    case 'disk-full':
      return { kind, broker, leftBytes: random.below(64 * 1024), forMs };
    case 'slow-proposals':
      return { kind, extraMs: random.between(5, 3_000), forMs };
    case 'store-outage':
      return { kind, coordinators: random.chance(0.5) ? targets.coordinators : [coordinator], forMs };
    case 'store-loss':
      return { kind, coordinator, share: 0.05 + random.fraction() * 0.4, watchDelayMs: random.between(0, 800), forMs };
    case 'compact-store':
    case 'elect-preferred':
      return { kind };
    case 'cancel-reassignment':
      return { kind, partition: random.below(targets.partitions) };
    case 'reassign':
      return { kind, partition: random.below(targets.partitions), replicas: random.shuffle(targets.brokers).slice(0, targets.factor) };
  }
}

/** Between two groups that need not hold all nodes: full partitions, partial ones, and the way of a single node. */
function drawPartition(random: SeededRandom, names: readonly string[], forMs: number): Fault {
  const shuffled = random.shuffle(names);
  const size = random.between(1, Math.max(1, names.length - 1));
  const others = shuffled.slice(size);
  const to = random.chance(0.6) ? others : others.slice(0, random.between(1, others.length));
  return { kind: 'partition', from: shuffled.slice(0, size), to, both: random.chance(0.6), forMs };
}
