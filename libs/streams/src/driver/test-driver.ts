import { MoldauError } from '@moldau/kernel';
import type { StreamsApplication } from '../application/application.ts';
import { topologyOf } from '../application/check-application.ts';
import { planTopology, type TopologyPlan } from '../graph/plan.ts';
import { Topology } from '../graph/topology.ts';
import type { TopicSerdes } from '../serdes/serde.ts';
import { memoryStores } from '../stores/memory-stores.ts';
import type { KeyValueStore, SessionStore, StateStore, WindowStore } from '../stores/store.ts';
import { GlobalTables } from '../task/global-tables.ts';
import type { TaskSettings } from '../task/stream-task.ts';
import { createTaskStats, type TaskStats } from '../task/task-stats.ts';
import { TaskHost } from './task-host.ts';
import { TestTopic } from './test-topic.ts';
import { TopicLogs } from './topic-logs.ts';
import { verifyingStores } from './verifying-stores.ts';

/** Rounds of work that one record may cause; more is an application that feeds itself. */
const ROUNDS_MAX = 100_000;

export interface TestDriverOptions extends TaskSettings {
  /** Default `test`. */
  readonly application?: string;
  /** Partitions of topics; those that are not named have one. */
  readonly partitions?: Readonly<Record<string, number>>;
  /** The wall clock at the start, ms since the Unix epoch; default 0. It stands still until it is moved. */
  readonly wallMs?: number;
  /** Commit after each record, so that every change is seen; default true. Without it tests call `commit`. */
  readonly commitEach?: boolean;
}

/**
 * Runs an application without a broker, in the test's own turn: what is piped in is worked on before `pipe` returns. Two
 * settings differ from those of a cluster, so that one topic's silence holds nothing back: `idleMs` is 0 and records may come from any future.
 *
 * @example
 * const driver = createTestDriver(topology);
 * driver.topic('words', { key: serdes.string, value: serdes.string }).pipe('a', 'hello', { timestampMs: 5 });
 * driver.topic('counts', { key: serdes.string, value: integerSerde }).readPairs(); // [['a', 1]]
 */
export class TestDriver {
  readonly #options: TestDriverOptions;
  readonly #topology: Topology;
  readonly #plan: TopologyPlan;
  readonly #logs = new TopicLogs();
  readonly #hosts: readonly TaskHost[];
  #globals: GlobalTables;
  #globalNext = new Map<string, number>();
  #wallMs: number;

  /** @internal */
  constructor(topology: Topology, options: TestDriverOptions) {
    this.#topology = topology;
    this.#options = options;
    this.#wallMs = options.wallMs ?? 0;
    const partitionsOf = (topic: string): number => options.partitions?.[topic] ?? 1;
    this.#plan = planTopology(topology, options.application ?? 'test', partitionsOf);
    for (const { subTopology } of this.#plan.parts)
      for (const { name, internal } of subTopology.sources) if (!internal) this.#logs.create(name, partitionsOf(name));
    for (const { topic } of topology.globals) this.#logs.create(topic, partitionsOf(topic));
    for (const [topic, count] of Object.entries(options.partitions ?? {})) this.#logs.create(topic, count);
    for (const { name, partitions } of this.#plan.internalTopics) this.#logs.create(name, partitions);
    this.#globals = new GlobalTables(topology.globals, memoryStores);
    this.#hosts = this.#plan.parts.flatMap(({ subTopology, tasks }) =>
      Array.from({ length: tasks }, (_, partition) => new TaskHost(this.#hostOptions(subTopology, partition), this.#wallMs)),
    );
  }

  get wallMs(): number {
    return this.#wallMs;
  }

  /** A topic to pipe into or to read from; each call reads from the beginning. */
  topic<K, V>(name: string, serdes: TopicSerdes<K, V>): TestTopic<K, V> {
    return new TestTopic(name, serdes, { logs: this.#logs, afterPipe: () => this.#afterPipe(), wallMs: () => this.#wallMs });
  }

  /** Moves the wall clock: punctuators, overdue calls, idle partitions. */
  advanceWallTime(ms: number): void {
    this.#wallMs += ms;
    for (const { task } of this.#hosts) task.advanceWall(this.#wallMs);
    this.#afterPipe();
  }

  /** Moves event time of all tasks, as records of that time would: windows close. */
  advanceStreamTime(toMs: number): void {
    for (const { task } of this.#hosts) task.advanceWatermark(toMs);
    this.#afterPipe();
  }

  /** Writes out what caches hold back and commits, until nothing more comes of it. */
  commit(): void {
    for (let round = 0; round < ROUNDS_MAX; round++) {
      this.#work();
      const moved = this.#hosts.map((host) => host.commit());
      if (!moved.includes(true)) return;
    }
    throw new MoldauError('INVALID_TOPOLOGY', `the application still has work after ${ROUNDS_MAX} rounds: it feeds itself`, {
      limit: String(ROUNDS_MAX),
    });
  }

  /** Waits until calls of async operators have ended and their results are through. */
  async settle(): Promise<void> {
    this.#work();
    for (let busy = this.#busy(); busy.length > 0; busy = this.#busy()) {
      await Promise.race(busy.map(({ task }) => task.settled()));
      this.#work();
    }
    this.#afterPipe();
  }

  /** Ends all tasks and begins again from committed positions and changelogs. Commits first, unless it is a crash. */
  restart({ crash = false }: { readonly crash?: boolean } = {}): void {
    if (!crash) this.commit();
    this.#globals.close();
    this.#globals = new GlobalTables(this.#topology.globals, memoryStores);
    this.#globalNext = new Map();
    for (const host of this.#hosts) host.restart(this.#wallMs);
    this.#afterPipe();
  }

  /** The content of a store, for one partition. @throws MoldauError UNCONNECTED_STORE */
  keyValueStore<K, V>(name: string, partition = 0): KeyValueStore<K, V> {
    if (this.#topology.globals.some((table) => table.name === name)) return this.#globals.store(name) as KeyValueStore<K, V>;
    return this.#store(name, partition) as KeyValueStore<K, V>;
  }

  windowStore<K, V>(name: string, partition = 0): WindowStore<K, V> {
    return this.#store(name, partition) as WindowStore<K, V>;
  }

  sessionStore<K, V>(name: string, partition = 0): SessionStore<K, V> {
    return this.#store(name, partition) as SessionStore<K, V>;
  }

  /** Counts over all tasks since they were made. */
  stats(): TaskStats {
    const sum = createTaskStats();
    for (const { stats } of this.#hosts.map(({ task }) => task)) {
      sum.records += stats.records;
      sum.late += stats.late;
      sum.deadLetters += stats.deadLetters;
      sum.sent += stats.sent;
      for (const phase of ['deserialization', 'processing', 'production'] as const) sum.failed[phase] += stats.failed[phase];
      for (const reason of ['null-key', 'null-value'] as const) sum.skipped[reason] += stats.skipped[reason];
    }
    return sum;
  }

  close(): void {
    for (const { task } of this.#hosts) task.close();
    this.#globals.close();
  }

  #hostOptions(subTopology: Topology['subTopologies'][number], partition: number): ConstructorParameters<typeof TaskHost>[0] {
    const { idleMs = 0, futureMs = Number.POSITIVE_INFINITY, handlers } = this.#options;
    const globalStore: GlobalTables['store'] = (name) => this.#globals.store(name);
    return {
      plan: this.#plan,
      subTopology,
      partition,
      logs: this.#logs,
      // Tasks look up the tables of the present life.
      globals: { store: globalStore },
      stores: verifyingStores,
      settings: { idleMs, futureMs, ...(handlers === undefined ? {} : { handlers }) },
    };
  }

  #afterPipe(): void {
    if (this.#options.commitEach ?? true) this.commit();
    else this.#work();
  }

  #work(): void {
    this.#feedGlobals();
    for (const host of this.#hosts) host.run();
  }

  #busy(): readonly TaskHost[] {
    return this.#hosts.filter(({ task }) => task.pending > 0);
  }

  #feedGlobals(): void {
    for (const topic of this.#globals.topics) {
      for (let partition = 0; partition < (this.#logs.partitionCount(topic) ?? 0); partition++) {
        const from = this.#globalNext.get(`${topic}-${partition}`) ?? 0;
        const records = this.#logs.records(topic, partition);
        for (const record of records.slice(from)) this.#globals.process(record);
        this.#globalNext.set(`${topic}-${partition}`, records.length);
      }
    }
  }

  #store(name: string, partition: number): StateStore {
    const store = this.#hosts.filter((host) => host.partition === partition).flatMap(({ task }) => task.store(name) ?? [])[0];
    if (store !== undefined) return store;
    throw new MoldauError('UNCONNECTED_STORE', `no task of partition ${partition} has a store ${name}`, { store: name });
  }
}

/**
 * Of an application, under its name and with its handlers, or of a topology alone.
 *
 * @throws MoldauError CO_PARTITION_MISMATCH, INVALID_TOPOLOGY
 */
export function createTestDriver(subject: Topology | StreamsApplication, options: TestDriverOptions = {}): TestDriver {
  if (subject instanceof Topology) return new TestDriver(subject, options);
  const handlers = subject.settings?.handlers;
  return new TestDriver(topologyOf(subject), {
    application: subject.name,
    ...(handlers === undefined ? {} : { handlers }),
    ...options,
  });
}
