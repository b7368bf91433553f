import { NULL_DATUM, type SourceBatch, type SourceContext, type SourceRecord, type SourceTask } from '@moldau/connect';
import type { Counter } from '@moldau/kernel';
import type { DatagenConfig } from './datagen-config.ts';
import { rollFor } from './dice.ts';
import { TEMPLATES, type Template } from './template.ts';

/** A task that could not write makes up for at most this much of the time. */
const CATCH_UP_MS = 1_000;
/** Made-up values are about this large: for the bound of a batch in bytes. */
const RECORD_BYTES = 200;

export interface DatagenTaskOptions {
  readonly config: DatagenConfig;
  /** It gives the records `task`, `task + of`, `task + 2 of`… */
  readonly share: { readonly task: number; readonly of: number };
  readonly context: SourceContext;
  /** Number of its next record. */
  readonly next: number;
}

/** Gives each of its records when it is due. */
export class DatagenTask implements SourceTask {
  readonly #options: DatagenTaskOptions;
  readonly #template: Template;
  readonly #made: Counter;
  readonly #batchMax: number;
  /** Records a millisecond of this task; Infinity: no bound. */
  readonly #perMs: number;
  #next: number;
  #lastMs: number;
  /** Records that are due, with a fraction. */
  #due = 0;

  constructor(options: DatagenTaskOptions) {
    const { config, context, share } = options;
    this.#options = options;
    this.#next = options.next;
    this.#template = TEMPLATES[config.template];
    this.#made = context.meter.counter({ name: 'moldau_connector_datagen_records_total', help: 'Records made up' }).with();
    this.#batchMax = Math.max(1, Math.min(context.limits.maxRecords, Math.floor(context.limits.maxBytes / RECORD_BYTES)));
    this.#perMs = config['records.per.second'] === 0 ? Infinity : config['records.per.second'] / 1000 / share.of;
    this.#lastMs = context.clock.monotonicMs();
  }

  poll(): Promise<SourceBatch | undefined | 'finished'> {
    const { config, share } = this.#options;
    const end = config['max.records'] === 0 ? Infinity : config['max.records'];
    if (this.#next >= end) return Promise.resolve('finished');
    const left = Math.ceil((end - this.#next) / share.of);
    const count = Math.min(this.#dueNow(), this.#batchMax, left);
    if (count === 0) return Promise.resolve(undefined);
    this.#due -= count;
    const records = Array.from({ length: count }, () => this.#create());
    this.#made.add(count);
    return Promise.resolve({ records, positions: [{ partition: { ...share }, offset: { next: this.#next } }] });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #dueNow(): number {
    if (this.#perMs === Infinity) {
      this.#due = this.#batchMax;
      return this.#batchMax;
    }
    const now = this.#options.context.clock.monotonicMs();
    const most = Math.max(1, CATCH_UP_MS * this.#perMs);
    this.#due = Math.min(this.#due + (now - this.#lastMs) * this.#perMs, most);
    this.#lastMs = now;
    return Math.floor(this.#due);
  }

  #create(): SourceRecord {
    const { config, share } = this.#options;
    const number = this.#next;
    this.#next += share.of;
    const timestampMs = this.#timeOf(number);
    const { key, value } = this.#template.create(number, rollFor(config.seed, number), timestampMs);
    return { topic: config.topic, key: config.key === 'none' ? NULL_DATUM : key, value, headers: [], timestampMs };
  }

  #timeOf(number: number): number {
    const { config, context } = this.#options;
    const start = config['start.time'];
    return start === undefined ? context.clock.wallMs() : start + Math.floor((number * 1000) / config['records.per.second']);
  }
}
