import type { CommittableOffset, FlushReason, SinkContext, SinkRecord, SinkTask, TopicPartition } from '@moldau/connect';
import type { Counter } from '@moldau/kernel';
import { type Entry, entryOf } from './body.ts';
import { send } from './send.ts';
import type { HttpSinkConfig } from './sink-config.ts';

/** Batches that may wait in memory before `put` sends, whatever `linger.ms` says. */
const BATCHES_WAITING_MAX = 4;

/** What waits of one partition. */
interface Pending {
  readonly source: TopicPartition;
  readonly entries: Entry[];
  bytes: number;
  /** Offset of the next record that was not put yet: a put that is repeated brings some twice. */
  nextPut: number;
  /** Everything before it was taken by the receiver, or reported. */
  nextDone: number;
}

/** Sends the records of each partition in their order, a batch at a time. */
export class HttpSinkTask implements SinkTask {
  readonly #config: HttpSinkConfig;
  readonly #context: SinkContext;
  readonly #pending = new Map<string, Pending>();
  readonly #records: Counter;
  readonly #requests: Counter;
  #timer: { cancel(): void } | undefined;

  constructor(config: HttpSinkConfig, context: SinkContext) {
    this.#config = config;
    this.#context = context;
    const { meter } = context;
    this.#records = meter.counter({ name: 'moldau_connector_http_sent_total', help: 'Records that the receiver took' }).with();
    this.#requests = meter.counter({ name: 'moldau_connector_http_sends_total', help: 'Requests that were sent' }).with();
    meter
      .gauge({ name: 'moldau_connector_http_waiting', help: 'Records that wait for their batch' })
      .with()
      .observe(() => this.#waiting());
  }

  async put(records: readonly SinkRecord[], signal: AbortSignal): Promise<void> {
    for (const record of records) await this.#add(record);
    for (const pending of this.#pending.values()) {
      while (this.#isFull(pending)) await this.#sendBatch(pending, signal);
    }
    if (this.#waiting() > this.#config['batch.max.records'] * BATCHES_WAITING_MAX) await this.#sendAll(signal);
    this.#linger();
  }

  async flush(_reason: FlushReason, signal: AbortSignal): Promise<readonly CommittableOffset[]> {
    await this.#sendAll(signal);
    return [...this.#pending.values()].map(({ source, nextDone }) => ({ ...source, offset: nextDone }));
  }

  revoked(partitions: readonly TopicPartition[]): Promise<void> {
    for (const partition of partitions) this.#pending.delete(keyOf(partition));
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.#timer?.cancel();
    this.#pending.clear();
    return Promise.resolve();
  }

  /** A record that was put before is passed over: the call before failed after it was taken. */
  async #add(record: SinkRecord): Promise<void> {
    const pending = this.#partition(record);
    if (record.offset < pending.nextPut) return;
    let entry: Entry;
    try {
      entry = entryOf(record, this.#config);
    } catch (error) {
      await this.#sendAll(this.#context.signal);
      await this.#context.reportBad(record, error instanceof Error ? error : new Error(String(error)));
      pending.nextPut = record.offset + 1;
      pending.nextDone = record.offset + 1;
      return;
    }
    pending.entries.push(entry);
    pending.bytes += entry.bytes;
    pending.nextPut = record.offset + 1;
  }

  #partition({ source, offset }: SinkRecord): Pending {
    const key = keyOf(source);
    const known = this.#pending.get(key);
    if (known !== undefined) return known;
    const made: Pending = { source: { ...source }, entries: [], bytes: 0, nextPut: offset, nextDone: offset };
    this.#pending.set(key, made);
    return made;
  }

  async #sendAll(signal: AbortSignal): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const pending of this.#pending.values()) {
      while (pending.entries.length > 0) await this.#sendBatch(pending, signal);
    }
  }

  async #sendBatch(pending: Pending, signal: AbortSignal): Promise<void> {
    await this.#sendFirst(pending, this.#batchLength(pending), signal);
  }

  /** Sends the first entries; halves them while the receiver says that something is wrong with them. */
  async #sendFirst(pending: Pending, count: number, signal: AbortSignal): Promise<void> {
    const entries = pending.entries.slice(0, count);
    this.#requests.add(1);
    const sent = await send(entries, this.#config, this.#context, signal);
    if (sent.outcome === 'taken') {
      this.#records.add(count);
      return this.#done(pending, count);
    }
    const [first] = entries;
    if (count === 1 && first !== undefined) {
      await this.#context.reportBad(first.record, new Error(sent.message));
      return this.#done(pending, 1);
    }
    const half = Math.ceil(count / 2);
    // What was taken leaves the front, so the second half is then the first entries.
    await this.#sendFirst(pending, half, signal);
    await this.#sendFirst(pending, count - half, signal);
  }

  #done(pending: Pending, count: number): void {
    for (const { bytes, record } of pending.entries.splice(0, count)) {
      pending.bytes -= bytes;
      pending.nextDone = record.offset + 1;
    }
  }

  #isFull({ entries, bytes }: Pending): boolean {
    return entries.length >= this.#limit() || bytes >= this.#config['batch.max.bytes'];
  }

  #limit(): number {
    return this.#config['batch.format'] === 'single' ? 1 : this.#config['batch.max.records'];
  }

  /** How many of the first entries go into one request; at least one. */
  #batchLength({ entries }: Pending): number {
    const limit = Math.min(this.#limit(), entries.length);
    let bytes = 0;
    for (let count = 0; count < limit; count += 1) {
      bytes += entries[count]?.bytes ?? 0;
      if (bytes > this.#config['batch.max.bytes']) return Math.max(1, count);
    }
    return limit;
  }

  #waiting(): number {
    let count = 0;
    for (const { entries } of this.#pending.values()) count += entries.length;
    return count;
  }

  #linger(): void {
    if (this.#timer !== undefined || this.#waiting() === 0) return;
    this.#timer = this.#context.scheduler.after(this.#config['linger.ms'], () => {
      this.#timer = undefined;
      this.#context.requestFlush();
    });
  }
}

function keyOf({ topic, partition }: TopicPartition): string {
  return `${topic} ${partition}`;
}
