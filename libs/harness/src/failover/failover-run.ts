import { setTimeout as sleep } from 'node:timers/promises';
import { createMoldau, type Moldau } from '@moldau/client';
import type { ClusterProcess } from '../cluster/cluster-process.ts';
import { type Cluster, startCluster } from '../cluster/start-cluster.ts';
import { type Fault, planFault } from './fault.ts';
import type { GapMeter } from './gap-meter.ts';
import type { LedgerTotals } from './ledger.ts';
import { SteadyLoad } from './steady-load.ts';

export interface FailoverOptions {
  readonly faults: readonly Fault[];
  /** Default 1,000. */
  readonly recordsPerSecond?: number;
  /** How long etcd is away; a paused broker sleeps for as long, 8 s at least. Default 10 s. */
  readonly outageMs?: number;
  /** Called once the cluster serves, and whenever the counts may have changed, until the end. */
  readonly onCounts?: (counts: LedgerTotals) => void;
  readonly onFault?: (result: FaultResult) => void;
  /** Ends the run after the fault that is under way. */
  readonly signal?: AbortSignal;
}

/** What a fault did to clients. */
export interface FaultResult {
  readonly fault: Fault;
  readonly targets: readonly string[];
  /** Longest time without an acknowledgement on a partition that a target led. */
  readonly ledGapMs: number;
  /** The same of all other partitions: a target may follow there. */
  readonly otherGapMs: number;
  /** Longest time in which nothing was read from a partition. */
  readonly readGapMs: number;
  /** Longest time without an acknowledgement on any partition from the end of the fault until all is whole. */
  readonly returnGapMs: number;
  /** Sends that failed meanwhile. */
  readonly failed: number;
  /** From the beginning until all replicas were in sync again, or undefined when that took too long. */
  readonly wholeAfterMs: number | undefined;
}

export interface FailoverOutcome {
  readonly results: readonly FaultResult[];
  readonly totals: LedgerTotals;
  /** Why sends failed, of the first. */
  readonly failures: readonly string[];
  readonly verdict: 'nothing lost' | 'failed';
}

const TOPIC = 'failover';
/** Each of three brokers leads some and follows others. */
const PARTITIONS = 6;
/** Before the first fault, and between two: the gaps of one must not be the next one's. */
const CALM_MS = 1_500;
/** From the end of a fault until all replicas are in sync. */
const WHOLE_TIMEOUT_MS = 60_000;
const POLL_MS = 100;
const COUNTS_INTERVAL_MS = 100;

/** Starts a cluster, writes and reads steadily, brings one fault after the other upon it, and tells what clients noticed. */
export async function runFailover(options: FailoverOptions): Promise<FailoverOutcome> {
  const { recordsPerSecond = 1_000, faults, signal } = options;
  await using cluster = await startCluster({ brokers: 3, coordinators: 2, etcd: 1 });
  await using moldau = createMoldau({ bootstrap: cluster.bootstrap, clientId: 'failover' });
  const [created] = await moldau.admin().createTopics([{ name: TOPIC, partitions: PARTITIONS, replicationFactor: 3 }]);
  if (created?.error !== undefined) throw created.error;
  await using load = new SteadyLoad({ moldau, topic: TOPIC, partitions: PARTITIONS, recordsPerSecond });
  const ticker = setInterval(() => options.onCounts?.(load.ledger.totals()), COUNTS_INTERVAL_MS);
  const round = new FaultRounds(cluster, moldau, load, options);
  const results: FaultResult[] = [];
  try {
    for (const fault of faults) {
      if (signal?.aborted === true) break;
      const result = await round.run(fault);
      results.push(result);
      options.onFault?.(result);
    }
    await load.finish();
  } finally {
    clearInterval(ticker);
  }
  const totals = load.ledger.totals();
  options.onCounts?.(totals);
  const clean = totals.unread + totals.duplicated + totals.reordered + totals.failed === 0;
  const whole = results.every(({ wholeAfterMs }) => wholeAfterMs !== undefined);
  return { results, totals, failures: load.failures, verdict: clean && whole ? 'nothing lost' : 'failed' };
}

class FaultRounds {
  readonly #cluster: Cluster;
  readonly #moldau: Moldau;
  readonly #load: SteadyLoad;
  readonly #options: FailoverOptions;
  #coordinatorRounds = 0;

  constructor(cluster: Cluster, moldau: Moldau, load: SteadyLoad, options: FailoverOptions) {
    this.#cluster = cluster;
    this.#moldau = moldau;
    this.#load = load;
    this.#options = options;
  }

  async run(fault: Fault): Promise<FaultResult> {
    await this.#whole();
    const leaders = await this.#leaders();
    const whole = async (): Promise<void> => void (await this.#whole());
    const { outageMs = 10_000 } = this.#options;
    const broker = this.#leader(leaders);
    const planned = planFault(fault, { cluster: this.#cluster, broker, coordinator: await this.#coordinator(fault), outageMs, whole });
    const { acknowledgements, reads, ledger } = this.#load;
    await sleep(CALM_MS);
    acknowledgements.restart();
    reads.restart();
    const failedBefore = ledger.totals().failed;
    const beganAt = performance.now();
    await planned.begin();
    await sleep(CALM_MS);
    const all = leaders.map((_, partition) => partition);
    const led = all.filter((partition) => planned.targets.includes(`broker-${leaders[partition]}`));
    const others = all.filter((partition) => !led.includes(partition));
    const gap = (meter: GapMeter, partitions: readonly number[]): number => Math.round(meter.longest(partitions, performance.now()));
    const gaps = { ledGapMs: gap(acknowledgements, led), otherGapMs: gap(acknowledgements, others), readGapMs: gap(reads, all) };
    acknowledgements.restart();
    await planned.end();
    const isWhole = await this.#whole();
    return {
      fault,
      targets: planned.targets,
      ...gaps,
      returnGapMs: gap(acknowledgements, all),
      failed: ledger.totals().failed - failedBefore,
      wholeAfterMs: isWhole ? Math.round(performance.now() - beganAt) : undefined,
    };
  }

  /** Broker that leads each partition. */
  async #leaders(): Promise<readonly (number | undefined)[]> {
    const [topic] = await this.#moldau.admin().describeTopics([TOPIC]);
    return (topic?.partitions ?? []).map(({ leaderId }) => leaderId);
  }

  /** One that leads something. */
  #leader(leaders: readonly (number | undefined)[]): ClusterProcess {
    const leading = this.#cluster.brokers.filter(({ name }) => leaders.some((id) => name === `broker-${id}`));
    const chosen = leading[Math.floor(Math.random() * leading.length)];
    if (chosen === undefined) throw new Error('no broker leads anything');
    return chosen;
  }

  /** The controller first, then the other one, and so on. */
  async #coordinator(fault: Fault): Promise<ClusterProcess> {
    const active = fault === 'coordinator' && this.#coordinatorRounds % 2 === 0;
    if (fault === 'coordinator') this.#coordinatorRounds += 1;
    const { coordinators } = await this.#moldau.admin().describeCluster();
    const controller = coordinators.find((each) => each.controller)?.coordinatorId;
    const chosen = this.#cluster.coordinators.find(({ name }) => (name === controller) === active);
    if (chosen === undefined) throw new Error(`the controller is ${controller}, which is none of the cluster's`);
    return chosen;
  }

  /** Whether every partition has all its replicas in sync, within a while. */
  async #whole(): Promise<boolean> {
    const deadline = performance.now() + WHOLE_TIMEOUT_MS;
    const brokers = this.#cluster.brokers.length;
    while (performance.now() < deadline) {
      const described = await this.#describe();
      if (described?.every((count) => count === brokers) === true) return true;
      await sleep(POLL_MS);
    }
    return false;
  }

  /** Replicas in sync of each partition that has a leader; undefined when nobody knows, as without a controller. */
  async #describe(): Promise<readonly number[] | undefined> {
    try {
      const [topic] = await this.#moldau.admin().describeTopics([TOPIC], { timeoutMs: 5_000 });
      return topic?.partitions.map(({ leaderId, inSyncReplicaIds }) => (leaderId === undefined ? 0 : inSyncReplicaIds.length));
    } catch {
      return undefined;
    }
  }
}
