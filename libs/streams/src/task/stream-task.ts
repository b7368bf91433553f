import { assert, type MoldauError, present } from '@moldau/kernel';
import type { SubTopology } from '../graph/sub-topologies.ts';
import { CurrentRecord, type InputRecord } from '../record/record-context.ts';
import { CACHE_ENTRIES, CACHE_ENTRIES_MIN } from '../stores/cached-entry.ts';
import type { Changelog } from '../stores/logged-stores.ts';
import type { StateStore } from '../stores/store.ts';
import type { StoreFactory } from '../stores/store-factory.ts';
import type { AsyncStage } from './async-stage.ts';
import { decodeCommittedTime, encodeCommittedTime } from './commit-metadata.ts';
import { type FailureHandlers, TaskStopped } from './failure.ts';
import { Failures, isFatal, validateHandlers } from './failures.ts';
import type { GlobalTables } from './global-tables.ts';
import type { Output } from './output.ts';
import { Punctuators } from './punctuators.ts';
import { createSink } from './sink-runner.ts';
import { SourceRunner } from './source-runner.ts';
import { createTaskGraph } from './task-graph.ts';
import type { TaskId, TaskServices } from './task-services.ts';
import { createTaskStats, type TaskStats } from './task-stats.ts';
import { createTaskStore } from './task-stores.ts';
import { WatermarkTimers } from './watermark-timers.ts';
import { PartitionTime, Watermarks } from './watermarks.ts';

/** A partition that brings nothing for so long does not hold event time back. */
export const IDLE_MS = 30_000;
/** Records may be ahead of the wall clock by a day: clocks differ, and a typing error in a year must not close all windows. */
export const FUTURE_MS = 86_400_000;

/** An input partition and where to go on with it. */
export interface TaskPosition {
  readonly topic: string;
  readonly partition: number;
  /** Of the next record. */
  readonly offset: number;
  /** As it was committed; empty for none. */
  readonly metadata: string;
}

export interface TaskSettings {
  readonly handlers?: FailureHandlers;
  /** Default `IDLE_MS`. */
  readonly idleMs?: number;
  /** Default `FUTURE_MS`. */
  readonly futureMs?: number;
  /** Keys that the caches in front of the stores hold together; default `CACHE_ENTRIES`. */
  readonly cacheEntries?: number;
}

export interface StreamTaskOptions {
  readonly id: TaskId;
  readonly application: string;
  readonly subTopology: SubTopology;
  /** Full name of an internal topic. */
  topicName(ref: { readonly name: string; readonly internal: boolean }): string;
  readonly stores: StoreFactory;
  readonly changelog: Changelog;
  readonly output: Output;
  readonly globals: Pick<GlobalTables, 'store'>;
  readonly settings?: TaskSettings;
  /** Wall clock at the start, ms since the Unix epoch. */
  readonly wallMs: number;
}

interface InputPartition {
  readonly topic: string;
  readonly partition: number;
  readonly runners: readonly SourceRunner[];
  readonly time: PartitionTime;
  offset: number;
}

/**
 * One part of the topology for one partition: operators, state, event time. Does only what it is called for, at once, and
 * never waits; its host reads, writes and keeps time.
 *
 *   restoring ─ start ─▶ running ─ close ─▶ closed          running ─ a failure that no handler takes ─▶ failed ─ close ─▶ closed
 */
export class StreamTask {
  readonly id: TaskId;
  readonly stats: TaskStats = createTaskStats();
  readonly #options: StreamTaskOptions;
  readonly #record = new CurrentRecord();
  readonly #stores = new Map<string, StateStore>();
  readonly #failures: Failures;
  readonly #watermarks: Watermarks;
  readonly #timers = new WatermarkTimers();
  readonly #punctuators = new Punctuators();
  readonly #stages: AsyncStage[] = [];
  /** By topic: a task reads the partition of one number of each. */
  readonly #inputs = new Map<string, InputPartition>();
  #state: 'restoring' | 'running' | 'failed' | 'closed' = 'restoring';
  #wallMs: number;

  /** @throws MoldauError INVALID_TOPOLOGY, UNCONNECTED_STORE */
  constructor(options: StreamTaskOptions) {
    const { id, application, output, settings = {}, subTopology, wallMs } = options;
    const handlers = settings.handlers ?? {};
    validateHandlers(handlers);
    this.id = id;
    this.#options = options;
    this.#wallMs = wallMs;
    this.#watermarks = new Watermarks(settings.idleMs ?? IDLE_MS);
    this.#failures = new Failures({ application, handlers, output, record: this.#record, stats: this.stats });
    const cached = subTopology.stores.filter((spec) => spec.cached).length;
    const cacheEntries = Math.max(CACHE_ENTRIES_MIN, Math.floor((settings.cacheEntries ?? CACHE_ENTRIES) / Math.max(cached, 1)));
    const { stores, changelog } = options;
    for (const spec of subTopology.stores) this.#stores.set(spec.name, createTaskStore(spec, stores, { changelog, cacheEntries }));
  }

  get state(): 'restoring' | 'running' | 'failed' | 'closed' {
    return this.#state;
  }

  get watermarkMs(): number {
    return this.#watermarks.watermarkMs;
  }

  /** No record is taken now: calls of async operators have to end first. */
  get full(): boolean {
    return this.#stages.some((stage) => stage.full);
  }

  /** Calls of async operators that are under way. */
  get pending(): number {
    return this.#stages.reduce((sum, stage) => sum + stage.pending, 0);
  }

  /** A commit must wait until nothing is pending: state already holds what unfinished records did. */
  get drainsBeforeCommit(): boolean {
    return this.#stores.size > 0;
  }

  /** For queries; undefined when the task has none of that name. */
  store(name: string): StateStore | undefined {
    return this.#stores.get(name);
  }

  /** Takes back a record of the changelog of a store, in the order of the log. @throws MoldauError SERIALIZATION_FAILED */
  restore(store: string, key: Uint8Array, value: Uint8Array | null, timestampMs: number): void {
    assert(this.#state === 'restoring', 'a task restores before it starts', { state: this.#state });
    present(this.#stores.get(store), `the task has the store ${store}`).restore(key, value, timestampMs);
  }

  /** Makes the operators over the restored stores. One position for each of the task's input partitions. */
  start(positions: readonly TaskPosition[]): void {
    assert(this.#state === 'restoring', 'a task starts once', { state: this.#state });
    const watermarks: number[] = [];
    const partitions = positions.map((position) => {
      const { maxTimestampMs, watermarkMs } = decodeCommittedTime(position.metadata);
      watermarks.push(watermarkMs);
      return { position, time: new PartitionTime(maxTimestampMs, this.#wallMs) };
    });
    partitions.forEach(({ time }, index) => this.#watermarks.add(time, present(watermarks[index], 'one per partition')));
    const runners = this.#createRunners();
    for (const { position, time } of partitions) {
      const { topic, partition, offset } = position;
      this.#inputs.set(topic, { topic, partition, offset, time, runners: runners.get(topic) ?? [] });
    }
    this.#state = 'running';
    this.#timers.advance(this.#watermarks.watermarkMs);
  }

  /** Works on one record, through all of its synchronous operators. @throws MoldauError what stops the task */
  process(record: InputRecord): void {
    assert(this.#state === 'running', 'a task takes records while it runs', { state: this.#state });
    const input = this.#inputs.get(record.topic);
    assert(input?.partition === record.partition, 'a task gets records of its own partitions', {
      topic: record.topic,
      partition: record.partition,
    });
    try {
      for (const runner of input.runners) this.#processBy(runner, record, input);
    } catch (thrown) {
      throw this.#stopped(thrown);
    }
    input.offset = record.offset + 1;
    this.stats.records++;
  }

  /** Tells the task the time: idle partitions, punctuators, overdue calls. */
  advanceWall(wallMs: number): void {
    assert(this.#state === 'running', 'a task is told the time while it runs', { state: this.#state });
    this.#wallMs = Math.max(wallMs, this.#wallMs);
    this.#run(() => {
      for (const stage of this.#stages) stage.advanceWall(this.#wallMs);
      if (this.#watermarks.advanceWall(this.#wallMs)) this.#advanceEventTime();
      this.#punctuators.advance('wall', this.#wallMs, this.#guard);
    });
  }

  /** Moves event time of all inputs: for tests. */
  advanceWatermark(watermarkMs: number): void {
    this.#run(() => {
      if (this.#watermarks.force(watermarkMs)) this.#advanceEventTime();
    });
  }

  /** Whether unread records of a partition are known, so that it is not idle. */
  setBehind(topic: string, partition: number, behind: boolean): void {
    const input = this.#inputs.get(topic);
    if (input?.partition === partition) input.time.behind = behind;
  }

  /** Sends on results of async operators that are finished. True when there were any. */
  drain(): boolean {
    let drained = false;
    this.#run(() => {
      for (const stage of this.#stages) drained = stage.drain() || drained;
    });
    return drained;
  }

  /** Settles when one of the calls that are under way has. */
  async settled(): Promise<void> {
    await Promise.race(this.#stages.filter((stage) => stage.pending > 0).map((stage) => stage.settled()));
  }

  /** The host could not write a result. @throws MoldauError what stops the task */
  productionFailed(operator: string, error: MoldauError): void {
    this.#run(() => this.#failures.production(operator, error, { key: undefined, value: undefined }));
  }

  /**
   * Writes out what caches hold back, so that results and changelog are complete, and says what to commit. The host commits
   * it with, or after, everything that the task has put out until now.
   */
  commit(): readonly TaskPosition[] {
    assert(this.#state === 'running', 'a task commits while it runs', { state: this.#state });
    assert(!this.drainsBeforeCommit || this.pending === 0, 'a task with state commits when nothing is pending', { pending: this.pending });
    this.#run(() => {
      for (const store of this.#stores.values()) store.flush();
    });
    const watermarkMs = this.#watermarks.watermarkMs;
    return [...this.#inputs.values()].map(({ topic, partition, offset, time }) => {
      const unfinished = this.#stages.flatMap((stage) => stage.unfinished(topic, partition) ?? []);
      const metadata = encodeCommittedTime({ maxTimestampMs: time.maxTimestampMs, watermarkMs });
      return { topic, partition, offset: Math.min(offset, ...unfinished), metadata };
    });
  }

  close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    for (const stage of this.#stages) stage.close();
    for (const store of this.#stores.values()) store.close();
  }

  #processBy(runner: SourceRunner, record: InputRecord, input: InputPartition): void {
    if (!runner.take(record, this.#wallMs)) {
      this.#record.end();
      return;
    }
    if (this.#watermarks.observe(input.time, runner.timestampMs, this.#wallMs)) {
      // Windows close before the record that closes them: results of others don't carry its headers.
      this.#record.end();
      this.#advanceEventTime();
    }
    this.#record.begin(record, runner.timestampMs);
    runner.run();
    this.#record.end();
  }

  #advanceEventTime(): void {
    const { watermarkMs } = this.#watermarks;
    this.#timers.advance(watermarkMs);
    this.#punctuators.advance('stream', watermarkMs, this.#guard);
  }

  readonly #guard = (operator: string, run: () => void): void => {
    try {
      run();
    } catch (thrown) {
      if (isFatal(thrown)) throw thrown;
      this.#failures.processing(operator, thrown, { key: undefined, value: undefined, timestampMs: this.#watermarks.watermarkMs });
    }
  };

  /** The task ends with what no handler has taken. */
  #run(work: () => void): void {
    try {
      work();
    } catch (thrown) {
      throw this.#stopped(thrown);
    }
  }

  #stopped(thrown: unknown): unknown {
    this.#state = 'failed';
    return thrown instanceof TaskStopped ? thrown.reason : thrown;
  }

  #createRunners(): ReadonlyMap<string, readonly SourceRunner[]> {
    const { subTopology, output, settings = {} } = this.#options;
    const [record, failures, stats] = [this.#record, this.#failures, this.stats];
    const emits = createTaskGraph({
      operators: subTopology.operators,
      stores: this.#stores,
      services: this.#services(),
      failures,
      createSink: (sink) => {
        const topic = typeof sink.topic === 'function' ? undefined : this.#options.topicName(sink.topic);
        return createSink({ sink, topic, output, record, failures, stats });
      },
    });
    const runners = new Map<string, SourceRunner[]>();
    for (const source of subTopology.operators) {
      if (source.kind !== 'source') continue;
      const forward = present(emits.get(source.name), 'each operator was made');
      const runner = new SourceRunner({ source, forward, record, failures, stats, futureMs: settings.futureMs ?? FUTURE_MS });
      for (const ref of source.topics) {
        const topic = this.#options.topicName(ref);
        runners.set(topic, [...(runners.get(topic) ?? []), runner]);
      }
    }
    return runners;
  }

  #services(): TaskServices {
    const watermarks = this.#watermarks;
    const wallMs = (): number => this.#wallMs;
    return {
      id: this.id,
      application: this.#options.application,
      record: this.#record,
      get watermarkMs() {
        return watermarks.watermarkMs;
      },
      get wallMs() {
        return wallMs();
      },
      onWatermark: (run) => this.#timers.add(run),
      schedule: (everyMs, time, operator, run) =>
        this.#punctuators.add({ everyMs, time, operator, run, nowMs: time === 'wall' ? this.#wallMs : watermarks.watermarkMs }),
      skipped: (reason) => void this.stats.skipped[reason]++,
      late: (operator, timestampMs) => this.#failures.late(operator, timestampMs, watermarks.watermarkMs),
      globalStore: (name) => this.#options.globals.store(name),
      registerAsync: (stage) => void this.#stages.push(stage),
      failed: (operator, error, record) => this.#failures.processing(operator, error, record),
    };
  }
}
