import { RecordError, type RetriableError } from '../contract/connector-errors.ts';
import type { TopicPartition } from '../contract/position.ts';
import type { FlushReason, SinkDefinition, SinkTask } from '../contract/sink.ts';
import type { DataHeader, SinkRecord } from '../data/data-record.ts';
import { type Datum, NULL_DATUM } from '../data/datum.ts';
import type { JsonObject } from '../data/json-value.ts';
import { type KitOptions, KitSurroundings, parseSettings } from './kit-surroundings.ts';
import { retryWhile } from './retry-while.ts';

export interface SinkKitOptions extends KitOptions {
  /** Given to the task at the start. Default: partition 0 of the topic `test`. */
  readonly partitions?: readonly TopicPartition[];
  /** `errors.tolerance=all`: records at fault go to `bad`. Default: they fail the call. */
  readonly tolerant?: boolean;
  /** Most records of one `put`. Default 500. */
  readonly maxRecords?: number;
}

/** A record for the sink; the kit gives it its offset. */
export interface SinkInput {
  /** Default: the kit's first partition. */
  readonly topic?: string;
  readonly partition?: number;
  readonly key?: Datum;
  readonly value: Datum;
  readonly headers?: readonly DataHeader[];
  /** Default: 0. */
  readonly timestampMs?: number;
}

const MAX_RECORDS = 500;

/** A partition of the pretended topic. */
interface KitPartition {
  readonly at: TopicPartition;
  readonly log: SinkRecord[];
  /** Next offset to give to the task. */
  next: number;
  committed: number;
  assigned: boolean;
}

/** Runs a sink without a broker: keeps a log of what was sent, delivers from committed offsets, flushes, restarts, crashes, revokes. */
export class SinkKit<C> {
  /** Records at fault, with their errors; only if `tolerant`. */
  readonly bad: { readonly record: SinkRecord; readonly error: Error }[] = [];
  /** Errors that were waited for. */
  readonly retried: RetriableError[] = [];
  readonly surroundings: KitSurroundings;
  /** How often the task asked for a flush. */
  flushRequests = 0;
  readonly #definition: SinkDefinition<C>;
  readonly #config: C;
  readonly #options: SinkKitOptions;
  readonly #partitions = new Map<string, KitPartition>();
  #abort = new AbortController();
  #task: SinkTask | undefined;

  private constructor(definition: SinkDefinition<C>, config: C, options: SinkKitOptions) {
    this.#definition = definition;
    this.#config = config;
    this.#options = options;
    this.surroundings = new KitSurroundings(options);
    for (const at of options.partitions ?? [{ topic: 'test', partition: 0 }]) {
      this.#partitions.set(keyOf(at), { at, log: [], next: 0, committed: 0, assigned: false });
    }
  }

  /** Parses the settings, starts the task, assigns it the partitions. @throws Error with every field's error */
  static async open<C>(definition: SinkDefinition<C>, settings: JsonObject, options: SinkKitOptions = {}): Promise<SinkKit<C>> {
    const kit = new SinkKit(definition, parseSettings(definition.config, settings), options);
    await kit.#start([...kit.#partitions.values()]);
    return kit;
  }

  /** Appends records to their topics and delivers what the task has not had yet. */
  async put(inputs: readonly SinkInput[]): Promise<void> {
    for (const input of inputs) this.#append(input);
    await this.deliver();
  }

  /** Gives the task everything of its partitions that it has not had. */
  async deliver(): Promise<void> {
    for (const partition of this.#partitions.values()) {
      while (partition.assigned && partition.next < partition.log.length) {
        const batch = partition.log.slice(partition.next, partition.next + (this.#options.maxRecords ?? MAX_RECORDS));
        await this.#putTolerantly(batch);
        partition.next += batch.length;
      }
    }
  }

  /** Flushes and commits what the task says. */
  async flush(reason: FlushReason = 'interval'): Promise<void> {
    const offsets = await this.#retry(() => this.#running().flush(reason, this.#abort.signal));
    for (const { topic, partition, offset } of offsets) {
      const kept = this.#partition({ topic, partition });
      if (!kept.assigned) throw new Error(`offset ${offset} of ${topic}-${partition}, which the task does not have`);
      if (offset > kept.next) throw new Error(`offset ${offset} of ${topic}-${partition}; only ${kept.next} records were put`);
      kept.committed = Math.max(kept.committed, offset);
    }
  }

  /** The next offset that the group has committed. */
  committed(topic = 'test', partition = 0): number {
    return this.#partition({ topic, partition }).committed;
  }

  /** Ends as a worker does that is asked to, and starts a new task from the committed offsets. */
  async restart(): Promise<void> {
    const mine = this.#assigned();
    await this.close();
    await this.#start(mine);
    await this.deliver();
  }

  /** Dies without a flush, and starts a new task from the committed offsets, which gets the rest again. */
  async crash(): Promise<void> {
    const mine = this.#assigned();
    await this.#end();
    await this.#start(mine);
    await this.deliver();
  }

  /** Takes partitions away. `lost`: without a flush before, as another member has them already. */
  async revoke(partitions: readonly TopicPartition[], options: { readonly lost: boolean } = { lost: false }): Promise<void> {
    if (!options.lost) await this.flush('revoked');
    await this.#running().revoked?.(partitions, options.lost);
    for (const at of partitions) this.#partition(at).assigned = false;
  }

  /** Gives partitions to the task, and what they hold beyond their committed offsets. */
  async assign(partitions: readonly TopicPartition[]): Promise<void> {
    await this.#assign(partitions.map((at) => this.#partition(at)));
    await this.deliver();
  }

  /** Flushes, commits and closes; idempotent. */
  async close(): Promise<void> {
    if (this.#task === undefined) return;
    await this.flush('close');
    await this.#end();
  }

  async #start(partitions: readonly KitPartition[]): Promise<void> {
    this.#abort = new AbortController();
    const context = {
      ...this.surroundings.taskContext(0, this.#abort.signal),
      requestFlush: () => void this.flushRequests++,
      reportBad: (record: SinkRecord, error: Error) => this.#reportBad(record, error),
    };
    this.#task = await this.#retry(() => this.#definition.start(this.#config, context));
    await this.#assign(partitions);
  }

  async #assign(partitions: readonly KitPartition[]): Promise<void> {
    for (const partition of partitions) {
      partition.assigned = true;
      partition.next = partition.committed;
    }
    const task = this.#running();
    const starts = await this.#retry(async () => (await task.assigned?.(partitions.map(({ at }) => at))) ?? []);
    for (const start of starts) this.#partition(start).next = start.offset;
  }

  async #end(): Promise<void> {
    this.#abort.abort();
    for (const partition of this.#partitions.values()) partition.assigned = false;
    const task = this.#task;
    this.#task = undefined;
    await task?.close();
  }

  #append(input: SinkInput): void {
    const [first] = this.#partitions.values();
    const source = { topic: input.topic ?? first?.at.topic ?? 'test', partition: input.partition ?? first?.at.partition ?? 0 };
    const { log, at } = this.#partition(source);
    log.push({
      ...at,
      source: at,
      offset: log.length,
      key: input.key ?? NULL_DATUM,
      value: input.value,
      headers: input.headers ?? [],
      timestampMs: input.timestampMs ?? 0,
    });
  }

  async #putTolerantly(batch: readonly SinkRecord[]): Promise<void> {
    let left = batch;
    while (left.length > 0) {
      const records = left;
      try {
        return await this.#retry(() => this.#running().put(records, this.#abort.signal));
      } catch (error) {
        const culprit = error instanceof RecordError ? records[error.index] : undefined;
        if (culprit === undefined || !(error instanceof RecordError)) throw error;
        await this.#reportBad(culprit, error);
        left = records.filter((record) => record !== culprit);
      }
    }
  }

  #reportBad(record: SinkRecord, error: Error): Promise<void> {
    if (this.#options.tolerant !== true) return Promise.reject(error);
    this.bad.push({ record, error });
    return Promise.resolve();
  }

  #assigned(): readonly KitPartition[] {
    return [...this.#partitions.values()].filter(({ assigned }) => assigned);
  }

  #partition(at: TopicPartition): KitPartition {
    const partition = this.#partitions.get(keyOf(at));
    if (partition === undefined) throw new Error(`${keyOf(at)} is not among the kit's partitions`);
    return partition;
  }

  #running(): SinkTask {
    if (this.#task === undefined) throw new Error('the kit is closed');
    return this.#task;
  }

  #retry<T>(call: () => Promise<T>): Promise<T> {
    return retryWhile(
      call,
      (ms) => this.surroundings.wait(ms),
      (error) => void this.retried.push(error),
    );
  }
}

function keyOf({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`;
}
