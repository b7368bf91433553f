import { checkHistory, createHistory, type History, type Read } from '@moldau/harness/history';
import { MoldauError } from '@moldau/kernel';
import type { Finding } from '../check/findings.ts';
import { checkReplicas } from '../check/replicas.ts';
import { WatermarkMonitor } from '../check/watermark-monitor.ts';
import type { Mutation } from '../mutation/mutation.ts';
import { FaultInjector } from '../scenario/fault-injector.ts';
import { planScenario, type Scenario, type ScenarioOptions } from '../scenario/scenario.ts';
import { Consuming, readAll } from '../workload/consuming.ts';
import { Coordinated } from '../workload/coordinated.ts';
import { type ProducingOptions, probe, produce, TOPIC } from '../workload/producing.ts';
import { World } from '../world/world.ts';
import { scenarioOf } from './mutation-scenario.ts';

export interface RunOptions {
  readonly mutation?: Mutation | undefined;
  /** Keeps lines to read. */
  readonly readable?: boolean;
  readonly scenario?: ScenarioOptions;
}

/** What one run did and found. */
export interface RunResult {
  readonly seed: number;
  readonly findings: readonly Finding[];
  readonly hash: string;
  readonly lines: readonly string[];
  readonly scenario: Scenario;
  readonly faults: number;
  readonly events: number;
  /** Virtual time, in ms. */
  readonly simulatedMs: number;
  readonly acknowledged: number;
  readonly failed: number;
  readonly unknown: number;
  /** Whether the run came to its end, where every replica is read from its files. */
  readonly replicasRead: boolean;
}

/** A new cluster serves within this, in ms of virtual time. */
const START_MS_MAX = 30_000;
/** After the faults have ended every partition takes records again within this: a lease, a session, and retries. */
export const RECOVERY_MS_MAX = 30_000;
/** A replica in sync has what is confirmed, and soon the rest; nobody writes any more. */
const CATCH_UP_MS = 1_000;
/** All else that ends the run: reading everything, stopping. */
const FINISH_MS_MAX = 60_000;

/** Runs the scenario of this seed to its end; what goes wrong is in the result. */
export async function runSeed(seed: number, options: RunOptions = {}): Promise<RunResult> {
  const { mutation } = options;
  const scenario = planScenario(seed, { ...(mutation === undefined ? {} : scenarioOf(mutation)), ...options.scenario });
  const world = new World(scenario, { mutation, readable: options.readable ?? false });
  const history = createHistory();
  const injector = new FaultInjector(world);
  let replicasRead = false;
  try {
    replicasRead = await new Run(world, scenario, history, injector, mutation?.idempotent ?? true).play();
  } catch (error) {
    world.findings.add('crash', error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  return {
    seed,
    findings: world.findings.list,
    hash: world.trace.hash,
    lines: world.trace.lines,
    scenario,
    faults: injector.begun,
    events: world.events,
    simulatedMs: Math.round(world.scheduler.nowMs),
    acknowledged: history.count('ok'),
    failed: history.count('fail'),
    unknown: history.count('info'),
    replicasRead,
  };
}

/** A step did not end in its time. */
class Stuck extends Error {}

class Run {
  readonly #world: World;
  readonly #scenario: Scenario;
  readonly #injector: FaultInjector;
  readonly #producing: ProducingOptions;
  /** Groups and transactions; undefined where the scenario has none. */
  readonly #coordinated: Coordinated | undefined;

  constructor(world: World, scenario: Scenario, history: History, injector: FaultInjector, idempotent: boolean) {
    this.#world = world;
    this.#scenario = scenario;
    this.#injector = injector;
    this.#producing = { world, scenario, history, idempotent };
    this.#coordinated = scenario.groups === undefined ? undefined : new Coordinated(world, scenario, scenario.groups);
  }

  /** Resolves with whether it came to its end. */
  async play(): Promise<boolean> {
    const { trace } = this.#world;
    trace.note('world', JSON.stringify({ ...this.#scenario, faults: this.#scenario.faults.length }));
    try {
      const topicId = await this.#start();
      await this.#load(topicId);
      await this.#finish(topicId);
      return true;
    } catch (error) {
      if (!(error instanceof Stuck)) throw error;
      this.#world.findings.add('no-progress', error.message);
      return false;
    }
  }

  /** The cluster, and its topic. */
  async #start(): Promise<string> {
    const { world } = this;
    for (const node of [...world.coordinators, ...world.brokers]) node.start();
    await this.#until('all brokers serve', START_MS_MAX, () => world.brokers.every(({ broker }) => broker?.readiness().ready === true));
    const { partitions, factor, topicConfigs, clusterConfigs } = this.#scenario;
    const admin = world.client('observer').moldau.admin();
    const changes = Object.entries(clusterConfigs).map(([name, value]) => ({ name, value }));
    const settings = admin.alterConfigs([{ resource: { clusterDefaults: true }, changes }]);
    const [set] = await this.#within('the settings are taken', START_MS_MAX, settings);
    if (set?.error !== undefined) throw new Stuck(`the settings are taken: ${set.error.message}`);
    const topic = { name: TOPIC, partitions, replicationFactor: factor, configs: topicConfigs };
    const [created] = await this.#within('the topic is created', START_MS_MAX, admin.createTopics([topic]));
    if (created === undefined || created.error !== undefined) throw new Stuck(`the topic is created: ${created?.error?.message}`);
    world.candidates.topicId = created.topicId;
    if (this.#coordinated !== undefined)
      await this.#within('groups and transactions are prepared', START_MS_MAX, this.#coordinated.prepare());
    return created.topicId;
  }

  /** Load and faults, healing, and the whole log as a consumer reads it then. */
  async #load(topicId: string): Promise<void> {
    const { world } = this;
    const monitor = new WatermarkMonitor(world, { name: TOPIC, id: topicId, partitions: this.#scenario.partitions });
    const consuming = new Consuming(world, this.#scenario);
    consuming.start();
    monitor.start();
    this.#coordinated?.start();
    this.#injector.plan(this.#scenario.faults);
    const produced = produce(this.#producing);
    await world.scheduler.runFor(this.#scenario.loadMs);
    this.#injector.heal();
    await this.#within('every partition takes records again', RECOVERY_MS_MAX, probe(this.#producing));
    await this.#within('every send is answered', this.#scenario.deliveryTimeoutMs + RECOVERY_MS_MAX, produced);
    monitor.stop();
    const log = await this.#within('a consumer reads everything', FINISH_MS_MAX, readAll(world));
    const ends = new Map<number, number>();
    for (const { partition, offset } of log) ends.set(partition, offset + 1);
    await this.#until('the consumers reach the end', RECOVERY_MS_MAX, () => consuming.reached(ends));
    if (this.#coordinated !== undefined) await this.#settle(this.#coordinated, log, ends);
    world.reads.checkFinal(log);
    for (const anomaly of checkHistory(this.#producing.history.sends(), log)) {
      world.findings.add(anomaly.name, `${anomaly.value} at offset ${anomaly.offset} of partition ${anomaly.partition}: ${anomaly.detail}`);
    }
    await consuming.stop();
  }

  /** Groups and transactions come to their ends, which are compared. */
  async #settle(coordinated: Coordinated, log: readonly Read[], ends: ReadonlyMap<number, number>): Promise<void> {
    await this.#within('every transaction ends', RECOVERY_MS_MAX, coordinated.endTransactions());
    await this.#within('a transaction is committed to every partition', RECOVERY_MS_MAX, coordinated.probe());
    await this.#until('no open transaction holds readers up', RECOVERY_MS_MAX, () => coordinated.probed());
    await this.#until('everything is copied', RECOVERY_MS_MAX, () => coordinated.copied(log.length));
    await this.#until('the group has committed everything', RECOVERY_MS_MAX, () => coordinated.committed(ends));
    await this.#within('what is committed is read', FINISH_MS_MAX, coordinated.check(log));
    await this.#within('members leave', FINISH_MS_MAX, coordinated.stop());
  }

  /** Everything stops cleanly; then each replica is read from its files. */
  async #finish(topicId: string): Promise<void> {
    const { world } = this;
    await this.#until('all brokers serve again', RECOVERY_MS_MAX, () =>
      world.brokers.every(({ broker }) => broker?.readiness().ready === true),
    );
    await this.#until('every replica is in sync', RECOVERY_MS_MAX, () => world.metadata.settled(topicId));
    await world.scheduler.runFor(CATCH_UP_MS);
    await this.#within('the brokers stop', FINISH_MS_MAX, Promise.all(world.brokers.map((broker) => broker.shutdown())));
    checkReplicas(world, this.#scenario, topicId, this.#producing.history);
  }

  get world(): World {
    return this.#world;
  }

  async #within<Value>(what: string, limitMs: number, promise: Promise<Value>): Promise<Value> {
    let outcome: { readonly value: Value } | { readonly error: unknown } | undefined;
    promise.then(
      (value) => {
        outcome = { value };
      },
      (error: unknown) => {
        outcome = { error };
      },
    );
    await this.#until(what, limitMs, () => outcome !== undefined);
    if (outcome === undefined) throw new Stuck(what);
    if ('error' in outcome) throw new Stuck(`${what}: ${MoldauError.from(outcome.error).message}`);
    return outcome.value;
  }

  async #until(what: string, limitMs: number, condition: () => boolean): Promise<void> {
    const { scheduler } = this.#world;
    const endMs = scheduler.nowMs + limitMs;
    while (!condition()) {
      if (scheduler.nowMs >= endMs) throw new Stuck(`not within ${limitMs} ms: ${what}`);
      await scheduler.runFor(20);
    }
  }
}
