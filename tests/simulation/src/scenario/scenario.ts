import type { BrokerOptions } from '@moldau/broker';
import { SeededRandom } from '@moldau/testkit';
import { drawFault, type FaultTargets } from './draw-fault.ts';
import type { Fault, PlannedFault } from './fault.ts';
import { drawGroupsPlan, type GroupsPlan, programsOf } from './groups-plan.ts';
import { drawSmallScale, type SmallScale } from './small-scale.ts';

/** What all brokers of a run are set to. */
export interface BrokerSetup {
  readonly storage: NonNullable<BrokerOptions['storage']>;
}

/** One run, all of it decided before it begins. */
export interface Scenario {
  readonly seed: number;
  readonly brokers: number;
  readonly coordinators: number;
  readonly factor: number;
  readonly minIsr: number;
  readonly partitions: number;
  readonly producers: number;
  readonly consumers: number;
  /** In all, over all producers. */
  readonly records: number;
  /** Records that a producer sends in one go, at most. */
  readonly burstMax: number;
  /** How long records are sent, in ms of virtual time. */
  readonly loadMs: number;
  readonly deliveryTimeoutMs: number;
  /** Settings of the topic. */
  readonly topicConfigs: Readonly<Record<string, string>>;
  /** Settings of all brokers. */
  readonly clusterConfigs: Readonly<Record<string, string>>;
  readonly setup: BrokerSetup;
  /** Groups and transactions beside the producers and consumers; undefined in most runs. */
  readonly groups: GroupsPlan | undefined;
  readonly faults: readonly PlannedFault[];
}

/** What a caller fixes; the seed decides the rest. */
export interface ScenarioOptions {
  readonly brokers?: number;
  readonly factor?: number;
  readonly minIsr?: number;
  readonly partitions?: number;
  /** How long records are sent, in ms. */
  readonly loadMs?: number;
  /** Whether groups and transactions are at work; else the seed says. */
  readonly groups?: boolean;
  /** Whether there may be many of everything (`small-scale.ts`); else the seed says. */
  readonly large?: boolean;
  /** Instead of faults drawn by the seed, at times of its choice. */
  readonly faults?: (random: SeededRandom, targets: FaultTargets) => readonly Fault[];
  /** Instead of faults drawn by the seed, with their times. */
  readonly plan?: (random: SeededRandom, targets: FaultTargets) => readonly PlannedFault[];
}

/** Every run is at least so long, sends at least so much and meets at least so much. */
const LOAD_MS_MIN = 10_000;
const RECORDS_MIN = 500;
const FAULTS_MIN = 3;
const FAULTS_MAX = 9;
/** Of a large run; others draw it. */
const BURST_MAX = 8;
const BROKERS_MAX = 3;
const PARTITIONS_MAX = 6;
const KIB = 1024;

/** Plans the run of this seed. */
export function planScenario(seed: number, options: ScenarioOptions = {}): Scenario {
  const random = new SeededRandom(seed);
  const { factor, minIsr, spareBrokers, maxLagMs } = drawReplication(random.fork(), options);
  const small = drawSmallScale(seed, { loadMs: LOAD_MS_MIN, records: RECORDS_MIN }, options.large);
  const largeBrokers = (): number => random.between(factor, Math.max(factor, BROKERS_MAX)) + spareBrokers;
  const brokers = options.brokers ?? (small === undefined ? largeBrokers() : factor + small.spareBrokers);
  const { coordinators, producers, consumers, ...drawn } = { ...drawLarge(random), ...small };
  const partitions = options.partitions ?? drawn.partitions;
  const loadMs = options.loadMs ?? drawn.loadMs;
  const groups = drawGroupsPlan(seed, loadMs, options.groups);
  const targets: FaultTargets = {
    brokers: Array.from({ length: brokers }, (_, at) => at + 1),
    coordinators: Array.from({ length: coordinators }, (_, at) => at + 1),
    clients: [...numbered('producer', producers), ...numbered('consumer', consumers), ...programsOf(groups)],
    disksToLose: minIsr - 1,
    partitions,
    factor,
  };
  const planned = options.plan?.(random, targets);
  const faults = options.faults?.(random, targets) ?? (planned === undefined ? drawFaults(random, targets) : []);
  return {
    seed,
    brokers,
    coordinators,
    factor,
    minIsr,
    partitions,
    producers,
    consumers,
    records: small?.records ?? random.between(RECORDS_MIN, RECORDS_MIN + 100),
    burstMax: small?.burstMax ?? BURST_MAX,
    loadMs,
    deliveryTimeoutMs: random.pick([1_500, 5_000, 20_000]),
    topicConfigs: { 'min.insync.replicas': String(minIsr), 'segment.ms': String(random.pick([700, 3_000, 604_800_000])) },
    clusterConfigs: {
      'replica.lag.time.max.ms': String(maxLagMs),
      // The topics of groups and transactions are as safe as the others.
      ...(groups === undefined ? {} : { 'default.replication.factor': String(factor), 'min.insync.replicas': String(minIsr) }),
    },
    setup: drawSetup(random, small),
    groups,
    // In one order whatever was drawn first; a moment near the end leaves no load to see what comes of it.
    faults: [
      ...(planned ?? faults.map((fault) => ({ atMs: random.between(200, loadMs - 1_500), fault }))),
      ...(groups?.kills ?? []),
    ].toSorted((one, other) => one.atMs - other.atMs),
  };
}

/** In this order, as seeds of old runs are drawn. */
function drawLarge(random: SeededRandom): Pick<SmallScale, 'coordinators' | 'producers' | 'consumers' | 'partitions' | 'loadMs'> {
  return {
    coordinators: random.pick([1, 2, 2, 3]),
    producers: random.between(1, 3),
    consumers: random.between(1, 2),
    partitions: random.between(1, PARTITIONS_MAX),
    loadMs: random.between(LOAD_MS_MIN, LOAD_MS_MIN + 3_000),
  };
}

/** More often with three replicas, where most can go wrong; sometimes with a broker to spare, to which replicas can be moved. */
function drawReplication(random: SeededRandom, options: ScenarioOptions) {
  const drawn = random.pick([1, 2, 3, 3, 3]);
  const factor = options.factor ?? drawn;
  const drawnMinIsr = factor < 3 ? random.between(1, factor) : random.pick([1, 2, 2, 2, 2, 3]);
  const minIsr = options.minIsr ?? drawnMinIsr;
  const spareBrokers = factor > 1 && random.chance(0.3) ? 1 : 0;
  return { factor, minIsr, spareBrokers, maxLagMs: random.pick([500, 2_000, 10_000]) };
}

/** `name-1` … `name-count`. */
export function numbered(name: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, at) => `${name}-${at + 1}`);
}

/** At most as many disks are lost as the promise allows. */
function drawFaults(random: SeededRandom, targets: FaultTargets): readonly Fault[] {
  const faults: Fault[] = [];
  let { disksToLose } = targets;
  const count = random.between(FAULTS_MIN, FAULTS_MAX);
  while (faults.length < count) {
    const fault = drawFault(random, { ...targets, disksToLose });
    if (fault.kind === 'lose-disk') disksToLose -= 1;
    faults.push(fault);
  }
  return faults;
}

/** Small files and short intervals: in ten seconds everything happens that takes days at the defaults. */
function drawSetup(random: SeededRandom, small: SmallScale | undefined): BrokerSetup {
  return {
    storage: {
      journalThreshold: random.pick([1, 2, 8]),
      journalFileBytes: random.pick([64, 256]) * KIB,
      journalLagMs: random.between(50, 2_000),
      checkpointIntervalMs: small?.checkpointIntervalMs ?? random.pick([100, 1_000]),
      sweepIntervalMs: 500,
      reserveBytes: 4 * KIB,
      keepFreeBytes: 16 * KIB,
      tailCacheBytes: random.pick([16, 64 * KIB]) * KIB,
    },
  };
}
