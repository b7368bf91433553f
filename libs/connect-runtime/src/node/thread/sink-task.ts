import type { ConsumedRecord, ConsumerBatch, GroupConsumer, TopicPartitionName } from '@moldau/client';
import type { FlushReason, SinkContext, SinkDefinition, SinkRecord, SinkTask } from '@moldau/connect';
import { type Counter, MoldauError } from '@moldau/kernel';
import { CONNECTOR_SETTINGS, SINK_SETTINGS } from '../../core/connector-settings.ts';
import { sinkGroup } from '../../core/names.ts';
import { DeadLetters } from './dead-letters.ts';
import { createPipeline, type ErrorStage, intolerable, RecordFault, type RecordPipeline } from './record-pipeline.ts';
import { isRetriable, Retries } from './retry.ts';
import { setUpGroup } from './sink-group.ts';
import type { TaskParts } from './source-task.ts';
import { parsedAs } from './task-config.ts';
import { say } from './thread-port.ts';
import { pause, threadClock, threadLogger, threadScheduler } from './thread-ports.ts';
import { Turns } from './turns.ts';

/** How long a task may take to flush what it gives up. */
const REBALANCE_TIMEOUT_MS = 20_000;
/** Records of one `put`. */
const PUT_RECORDS_MAX = 10_000;
/** Raw records whose offsets are not committed, kept so that a bad one can go to the dead-letter topic as it was. */
const RAW_KEPT_MAX = 100_000;

type SinkSettings = NonNullable<ReturnType<(typeof SINK_SETTINGS)['parse']> & { readonly ok: true }>['config'];
type CommonSettings = NonNullable<ReturnType<(typeof CONNECTOR_SETTINGS)['parse']> & { readonly ok: true }>['config'];

/** Runs a sink's task until the signal aborts. Rejects with what it can't go on for. */
export async function runSinkTask(definition: SinkDefinition, parts: TaskParts): Promise<void> {
  const { job, moldau, config, signal, meter } = parts;
  const settings = parsedAs(SINK_SETTINGS, config, [CONNECTOR_SETTINGS, definition.config]);
  const letters = new DeadLetters(moldau, {
    connector: job.connector,
    task: job.task,
    topic: settings['errors.deadletterqueue.topic.name'],
    replicationFactor: settings['errors.deadletterqueue.topic.replication.factor'],
    withContext: settings['errors.deadletterqueue.context.headers.enable'],
  });
  const loop = new SinkLoop(parts, settings, letters);
  const context: SinkContext = {
    connector: job.connector,
    task: job.task,
    signal,
    clock: threadClock,
    scheduler: threadScheduler,
    logger: threadLogger(),
    meter,
    signalStatus: (text) => say({ t: 'note', text }),
    reportBad: (record, error) => loop.reportBad(record, error),
    requestFlush: () => loop.requestFlush(),
  };
  try {
    const task = await definition.start(parsedAs(definition.config, config, [CONNECTOR_SETTINGS, SINK_SETTINGS]), context);
    try {
      await setUpGroup(parts);
      await loop.run(task);
    } finally {
      await task.close();
    }
  } finally {
    await letters.close();
  }
}

interface Pending {
  readonly records: readonly SinkRecord[];
}

class SinkLoop {
  readonly #parts: TaskParts;
  readonly #settings: SinkSettings;
  readonly #common: CommonSettings;
  readonly #letters: DeadLetters;
  readonly #pipeline: RecordPipeline;
  readonly #retries: Retries;
  readonly #turns = new Turns();
  readonly #written: Counter;
  readonly #errors: Counter;
  #consumer: GroupConsumer | undefined;
  #task: SinkTask | undefined;
  #failure: Error | undefined;
  #isFlushQueued = false;
  /** By source partition and offset; only where a dead-letter topic wants them. */
  #raw = new Map<string, ConsumedRecord>();

  constructor(parts: TaskParts, settings: SinkSettings, letters: DeadLetters) {
    const { config, job, meter, signal } = parts;
    this.#parts = parts;
    this.#settings = settings;
    this.#letters = letters;
    this.#common = parsedAs(CONNECTOR_SETTINGS, config, undefined);
    this.#pipeline = createPipeline(config, job.defaults);
    this.#retries = new Retries(
      { timeoutMs: this.#common['errors.retry.timeout'], delayMaxMs: this.#common['errors.retry.delay.max.ms'] },
      signal,
    );
    this.#written = meter.counter({ name: 'moldau_connect_sink_records_total', help: 'Records that a sink task took.' }).with();
    this.#errors = meter.counter({ name: 'moldau_connect_record_errors_total', help: 'Records at fault that were passed over.' }).with();
  }

  async run(task: SinkTask): Promise<void> {
    this.#task = task;
    const { signal, gate } = this.#parts;
    const consumer = this.#join();
    this.#consumer = consumer;
    const timer = setInterval(() => this.requestFlush(), this.#common['offset.flush.interval.ms']);
    const close = (): void => void consumer.close({ timeoutMs: this.#common['task.shutdown.graceful.timeout.ms'] });
    signal.addEventListener('abort', close, { once: true });
    say({ t: gate.isOpen ? 'started' : 'paused' });
    try {
      for await (const batch of consumer.batches()) {
        await this.#turns.run(() => this.#takeBatch(batch));
        await this.#whilePaused();
        if (this.#failure !== undefined) break;
      }
    } finally {
      clearInterval(timer);
      signal.removeEventListener('abort', close);
      await consumer.close({ timeoutMs: this.#common['task.shutdown.graceful.timeout.ms'] });
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  requestFlush(): void {
    if (this.#isFlushQueued) return;
    this.#isFlushQueued = true;
    const flush = (): Promise<void> => {
      this.#isFlushQueued = false;
      return this.#flush('interval');
    };
    void this.#turns.run(flush).catch((error: unknown) => this.#fail(error));
  }

  async reportBad(record: SinkRecord, error: Error): Promise<void> {
    await this.#passOver(this.#raw.get(rawKey(record.source, record.offset)), error, 'TASK_PUT');
  }

  #join(): GroupConsumer {
    const { job, moldau } = this.#parts;
    const regex = this.#settings['topics.regex'];
    const consumer: GroupConsumer = moldau.consumer({
      group: sinkGroup(job.connector),
      // Its next life, on whatever worker, goes on with its partitions without a rebalance, and fences this one.
      instanceId: `${job.connector}-${job.task}`,
      ...(regex === undefined ? { topics: this.#settings.topics } : { pattern: regex }),
      isolation: 'read_committed',
      autoCommit: false,
      from: this.#settings['consumer.auto.offset.reset'],
      onOutOfRange: this.#settings['consumer.auto.offset.reset'],
      rebalanceTimeoutMs: REBALANCE_TIMEOUT_MS,
      onAssigned: (partitions) => this.#turns.run(() => this.#assigned(consumer, partitions)),
      onRevoked: (partitions) =>
        this.#turns.run(async () => {
          await this.#flush(this.#parts.signal.aborted ? 'close' : 'revoked');
          await this.#task?.revoked?.(partitions, false);
        }),
      onLost: (partitions) => this.#turns.run(async () => this.#task?.revoked?.(partitions, true)),
    });
    return consumer;
  }

  async #assigned(consumer: GroupConsumer, partitions: readonly TopicPartitionName[]): Promise<void> {
    const starts = (await this.#task?.assigned?.(partitions)) ?? [];
    for (const { topic, partition, offset } of starts) await consumer.seek({ topic, partition }, { offset });
  }

  /** A paused connector keeps its partitions and reads nothing. */
  async #whilePaused(): Promise<void> {
    const { gate, signal } = this.#parts;
    if (gate.isOpen || signal.aborted) return;
    await this.#turns.run(() => this.#flush('interval'));
    const consumer = this.#consumer;
    consumer?.pause(...consumer.assignment());
    void gate.opened(signal).then(() => consumer?.resume(...consumer.assignment()));
  }

  async #takeBatch(batch: ConsumerBatch): Promise<void> {
    let records: SinkRecord[] = [];
    for (const raw of batch) {
      this.#parts.topics.add(raw.topic);
      const converted = this.#convert(raw);
      // A turn of the event loop for each record would cost more than the record.
      const record = converted instanceof Promise ? await converted : converted;
      if (record === undefined) continue;
      records.push(record);
      if (records.length < PUT_RECORDS_MAX) continue;
      await this.#put({ records });
      records = [];
    }
    if (records.length > 0) await this.#put({ records });
  }

  /** Awaits only for a bad record. */
  #convert(raw: ConsumedRecord): SinkRecord | undefined | Promise<undefined> {
    try {
      const record = this.#pipeline.incoming(raw);
      if (record !== undefined && this.#settings['errors.deadletterqueue.topic.name'] !== undefined) this.#keep(raw);
      return record;
    } catch (error) {
      if (!(error instanceof RecordFault)) throw error;
      return this.#passOver(raw, error.cause, error.stage).then(() => undefined);
    }
  }

  async #put(pending: Pending): Promise<void> {
    let { records } = pending;
    const { signal } = this.#parts;
    while (records.length > 0 && !signal.aborted) {
      try {
        await this.#task?.put(records, signal);
        this.#retries.succeeded();
        this.#written.add(records.length);
        return;
      } catch (error) {
        const index = badIndex(error);
        if (index === undefined) {
          await this.#wait(error);
          records = this.#stillOurs(records);
          continue;
        }
        const bad = records[index];
        if (bad === undefined) throw error;
        await this.#passOver(this.#raw.get(rawKey(bad.source, bad.offset)), error as Error, 'TASK_PUT');
        records = records.filter((_record, at) => at !== index);
      }
    }
  }

  #wait(error: unknown): Promise<void> {
    return this.#retries.after(error, (delayMs) => pause(delayMs, this.#parts.signal));
  }

  /** What was given to another meanwhile is the other's to write. */
  #stillOurs(records: readonly SinkRecord[]): readonly SinkRecord[] {
    return records.filter(({ source }) => this.#consumer?.holdOn(source)?.isGone !== true);
  }

  async #flush(reason: FlushReason): Promise<void> {
    const { signal } = this.#parts;
    for (;;) {
      try {
        const offsets = (await this.#task?.flush(reason, signal)) ?? [];
        const consumer = this.#consumer;
        const ours = offsets.filter((place) => consumer?.holdOn(place) !== undefined);
        if (ours.length > 0) await consumer?.commit(ours);
        this.#forget(offsets);
        return;
      } catch (error) {
        // It is tried again at the next interval; who has to give up now gives up what is not durable.
        if (!isRetriable(error) || reason !== 'interval') throw error;
        await this.#wait(error);
        if (signal.aborted) return;
      }
    }
  }

  async #passOver(raw: ConsumedRecord | undefined, error: Error, stage: ErrorStage): Promise<void> {
    if (this.#common['errors.tolerance'] === 'none') throw intolerable(error, stage, raw);
    if (raw !== undefined) await this.#letters.add(raw, error, stage);
    this.#errors.add(1);
    if (!this.#common['errors.log.enable']) return;
    const { topic, partition, offset } = raw ?? {};
    const place = this.#common['errors.log.include.messages'] ? { topic, partition, offset } : {};
    threadLogger().warn('a record was passed over', { stage, error: error.message, ...place });
  }

  #keep(raw: ConsumedRecord): void {
    if (this.#raw.size >= RAW_KEPT_MAX) {
      const [oldest] = this.#raw.keys();
      if (oldest !== undefined) this.#raw.delete(oldest);
    }
    this.#raw.set(rawKey(raw, raw.offset), raw);
  }

  #forget(offsets: readonly { readonly topic: string; readonly partition: number; readonly offset: number }[]): void {
    if (this.#raw.size === 0) return;
    const committed = new Map(offsets.map((place) => [`${place.topic}/${place.partition}`, place.offset]));
    for (const [key, { topic, partition, offset }] of this.#raw) {
      const end = committed.get(`${topic}/${partition}`);
      if (end !== undefined && offset < end) this.#raw.delete(key);
    }
  }

  #fail(error: unknown): void {
    this.#failure ??= error instanceof Error ? error : new Error(String(error));
    void this.#consumer?.close({ timeoutMs: 0 });
  }
}

function rawKey({ topic, partition }: TopicPartitionName, offset: number): string {
  return `${topic}/${partition}/${offset}`;
}

/** By name too: a plugin may have a copy of the class of its own. */
function badIndex(error: unknown): number | undefined {
  if (!(error instanceof Error) || error.name !== 'RecordError' || !('index' in error)) return undefined;
  if (error instanceof MoldauError) return undefined;
  return typeof error.index === 'number' ? error.index : undefined;
}
