import type { Moldau } from '@moldau/client';
import type { BatchLimits, JsonObject, SourceBatch, SourceContext, SourceDefinition, SourceTask } from '@moldau/connect';
import { type Counter, MoldauError } from '@moldau/kernel';
import { canonicalJson } from '../../core/canonical-json.ts';
import { CONNECTOR_SETTINGS, SOURCE_SETTINGS } from '../../core/connector-settings.ts';
import { namesOf, sourceTaskId } from '../../core/names.ts';
import { readPositions } from '../cluster/source-offsets.ts';
import { createPipeline, intolerable, type OutgoingRecord, RecordFault, type RecordPipeline } from './record-pipeline.ts';
import { Retries } from './retry.ts';
import { AtLeastOnceWriter, ExactlyOnceWriter, type SourceWriter } from './source-writer.ts';
import { parsedAs } from './task-config.ts';
import type { TaskJob } from './thread-messages.ts';
import type { ThreadMeter } from './thread-meter.ts';
import { say } from './thread-port.ts';
import { pause, threadClock, threadLogger, threadScheduler } from './thread-ports.ts';
import { TopicMaker } from './topic-maker.ts';
import type { TopicsInUse } from './topics-in-use.ts';
import type { WorkGate } from './work-gate.ts';

const LIMITS: BatchLimits = { maxRecords: 10_000, maxBytes: 4 * 1024 * 1024 };
/** Between two questions to a source that had nothing; doubles while it has nothing. */
const IDLE_MS = 50;
const IDLE_MS_MAX = 800;
/** For so long batches that are ready join one transaction. */
const READY_GATHER_MS = 50;
/** Records of one transaction: kept in memory until it is committed. */
const TRANSACTION_RECORDS_MAX = 20_000;
/** Batches written and not committed, of an at-least-once source. */
const UNCOMMITTED_BATCHES_MAX = 256;

export interface TaskParts {
  readonly job: TaskJob;
  readonly moldau: Moldau;
  /** With references resolved. */
  readonly config: Readonly<Record<string, string>>;
  readonly gate: WorkGate;
  readonly meter: ThreadMeter;
  readonly topics: TopicsInUse;
  readonly signal: AbortSignal;
}

/** Runs a source's task until the signal aborts. Rejects with what it can't go on for. */
export async function runSourceTask(definition: SourceDefinition, parts: TaskParts): Promise<void> {
  const { job, moldau, config, signal } = parts;
  const names = namesOf(job.groupId);
  const settings = parsedAs(SOURCE_SETTINGS, config, [CONNECTOR_SETTINGS, definition.config]);
  const place = { connector: job.connector, offsetsTopic: names.offsets, compression: settings['producer.compression.type'] };
  const isExact = job.exactlyOnce && definition.exactlyOnce;
  const transactional = isExact ? new ExactlyOnceWriter(moldau, sourceTaskId(job.groupId, job.connector, job.task), place) : undefined;
  const writer: SourceWriter = transactional ?? new AtLeastOnceWriter(moldau, place);
  try {
    await transactional?.fence();
    const task = await definition.start(
      parsedAs(definition.config, config, [CONNECTOR_SETTINGS, SOURCE_SETTINGS]),
      job.settings,
      await contextOf(parts, names.offsets),
    );
    try {
      await new SourceLoop(task, writer, parts, settings).run();
    } finally {
      await task.close();
    }
  } finally {
    await writer.close();
  }
  if (!signal.aborted) throw new MoldauError('INTERNAL', 'the source ended by itself');
}

type SourceSettings = NonNullable<ReturnType<(typeof SOURCE_SETTINGS)['parse']> & { readonly ok: true }>['config'];
type CommonSettings = NonNullable<ReturnType<(typeof CONNECTOR_SETTINGS)['parse']> & { readonly ok: true }>['config'];

async function contextOf({ job, moldau, meter, signal }: TaskParts, offsetsTopic: string): Promise<SourceContext> {
  const stored = await readPositions(moldau, offsetsTopic, job.connector);
  return {
    connector: job.connector,
    task: job.task,
    signal,
    clock: threadClock,
    scheduler: threadScheduler,
    logger: threadLogger(),
    meter,
    limits: LIMITS,
    signalStatus: (text) => say({ t: 'note', text }),
    storedOffset: (partition: JsonObject) => Promise.resolve(stored.get(canonicalJson(partition))?.offset),
  };
}

type Polled = SourceBatch | undefined | 'finished';

/** What it gives within the time; 'late' when it takes longer, or fails: who asks again learns which. */
function within(ms: number, asked: Promise<Polled>): Promise<Polled | 'late'> {
  const { promise, resolve } = Promise.withResolvers<Polled | 'late'>();
  const timer = setTimeout(() => resolve('late'), ms);
  asked.then(resolve, () => resolve('late')).finally(() => clearTimeout(timer));
  return promise;
}

class SourceLoop {
  readonly #task: SourceTask;
  readonly #writer: SourceWriter;
  readonly #parts: TaskParts;
  readonly #common: CommonSettings;
  /** How long a transaction takes in what is there; and how long it waits for what is not. */
  readonly #gatherMs: number;
  readonly #waitsMs: number;
  readonly #pipeline: RecordPipeline;
  readonly #topics: TopicMaker;
  readonly #retries: Retries;
  readonly #records: Counter;
  readonly #errors: Counter;
  #asked: Promise<Polled> | undefined;
  #uncommitted: SourceBatch[] = [];
  #idleMs = IDLE_MS;
  #committedMs = threadClock.monotonicMs();

  constructor(task: SourceTask, writer: SourceWriter, parts: TaskParts, settings: SourceSettings) {
    const { config, moldau, job, meter, signal } = parts;
    this.#task = task;
    this.#writer = writer;
    this.#parts = parts;
    this.#common = parsedAs(CONNECTOR_SETTINGS, config, undefined);
    const isByTime = settings['transaction.boundary'] === 'interval';
    this.#waitsMs = isByTime ? settings['transaction.boundary.interval.ms'] : 0;
    this.#gatherMs = writer instanceof ExactlyOnceWriter && task.written === undefined ? Math.max(this.#waitsMs, READY_GATHER_MS) : 0;
    this.#pipeline = createPipeline(config, job.defaults);
    this.#topics = new TopicMaker(moldau.admin(), {
      enabled: settings['topic.creation.enable'],
      partitions: settings['topic.creation.default.partitions'],
      replicationFactor: settings['topic.creation.default.replication.factor'],
    });
    this.#retries = new Retries(
      { timeoutMs: this.#common['errors.retry.timeout'], delayMaxMs: this.#common['errors.retry.delay.max.ms'] },
      signal,
    );
    this.#records = meter.counter({ name: 'moldau_connect_source_records_total', help: 'Records that a source task wrote.' }).with();
    this.#errors = meter.counter({ name: 'moldau_connect_record_errors_total', help: 'Records at fault that were passed over.' }).with();
  }

  async run(): Promise<void> {
    const { gate, signal } = this.#parts;
    say({ t: gate.isOpen ? 'started' : 'paused' });
    while (!signal.aborted) {
      if (!gate.isOpen) {
        await this.#commit();
        await gate.opened(signal);
        continue;
      }
      const batch = await this.#next();
      if (batch === 'finished') {
        await this.#commit();
        say({ t: 'finished' });
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
      } else if (batch === undefined) await Promise.all([this.#commitIfDue(), pause(this.#idlePauseMs(), signal)]);
      else {
        this.#idleMs = IDLE_MS;
        await this.#take(batch);
      }
    }
    await this.#commit();
  }

  #idlePauseMs(): number {
    const ms = this.#idleMs;
    this.#idleMs = Math.min(2 * ms, IDLE_MS_MAX);
    return ms;
  }

  async #next(): Promise<SourceBatch | undefined | 'finished'> {
    const { signal } = this.#parts;
    try {
      const batch = await this.#ask();
      this.#retries.succeeded();
      return batch;
    } catch (error) {
      if (signal.aborted) return undefined;
      await this.#commitIfDue();
      await this.#retries.after(error);
      return undefined;
    }
  }

  async #take(batch: SourceBatch): Promise<void> {
    const merged = this.#gatherMs > 0 ? await this.#gather(batch) : [batch];
    const records = merged.flatMap((one) => this.#convert(one));
    const positions = merged.flatMap((one) => one.positions);
    await this.#topics.ensure(records);
    for (;;) {
      try {
        await this.#writer.write(records, { records: [], positions });
        this.#retries.succeeded();
        break;
      } catch (error) {
        await this.#retries.after(error);
        if (this.#parts.signal.aborted) return;
      }
    }
    this.#records.add(records.length);
    for (const { topic } of records) this.#parts.topics.add(topic);
    this.#uncommitted.push(...merged);
    // Whoever waits for `written` waits for each batch; others are committed by time.
    if (this.#task.written !== undefined || this.#writer instanceof ExactlyOnceWriter) await this.#commit();
    else await this.#commitIfDue();
  }

  /** What else comes before the transaction's time is over: a commit costs the same for one batch and for many. */
  async #gather(first: SourceBatch): Promise<SourceBatch[]> {
    const { signal } = this.#parts;
    const untilMs = threadClock.monotonicMs() + this.#gatherMs;
    const batches = [first];
    let count = first.records.length;
    while (count < TRANSACTION_RECORDS_MAX && !signal.aborted) {
      const leftMs = untilMs - threadClock.monotonicMs();
      if (leftMs <= 0) break;
      const asked = this.#ask();
      const more = await within(leftMs, asked);
      // A question without an answer yet, or with one that is no batch, is the next one's.
      if (more === undefined || typeof more === 'string') {
        this.#asked = more === undefined && this.#waitsMs > 0 ? undefined : asked;
        if (this.#waitsMs === 0 || more !== undefined) break;
        await pause(Math.min(IDLE_MS, leftMs), signal);
        continue;
      }
      batches.push(more);
      count += more.records.length;
    }
    return batches;
  }

  /** The answer that is under way already, or a new one. */
  #ask(): Promise<Polled> {
    const asked = this.#asked ?? this.#task.poll(this.#parts.signal);
    this.#asked = undefined;
    return asked;
  }

  #convert({ records }: SourceBatch): readonly OutgoingRecord[] {
    const converted: OutgoingRecord[] = [];
    for (const record of records) {
      try {
        const bytes = this.#pipeline.outgoing(record);
        if (bytes !== undefined) converted.push(bytes);
      } catch (error) {
        if (!(error instanceof RecordFault)) throw error;
        if (this.#common['errors.tolerance'] === 'none') throw intolerable(error.cause, error.stage, record);
        this.#errors.add(1);
        if (this.#common['errors.log.enable']) threadLogger().warn('a record was passed over', { topic: record.topic, error });
      }
    }
    return converted;
  }

  async #commitIfDue(): Promise<void> {
    const isDue = threadClock.monotonicMs() - this.#committedMs >= this.#common['offset.flush.interval.ms'];
    if (isDue || this.#uncommitted.length >= UNCOMMITTED_BATCHES_MAX) await this.#commit();
  }

  async #commit(): Promise<void> {
    const batches = this.#uncommitted;
    this.#uncommitted = [];
    await this.#writer.commit();
    this.#committedMs = threadClock.monotonicMs();
    if (this.#task.written !== undefined) for (const batch of batches) await this.#task.written(batch);
  }
}
