import { type JsonObject, type SourceBatch, type SourceContext, type SourceTask, schemas } from '@moldau/connect';
import type { Counter } from '@moldau/kernel';
import type { TickConfig } from './tick-config.ts';

// Made once and shared: converters remember what they made of a schema by its identity.
const tickSchema = schemas.struct({ counter: schemas.int32(), tick: schemas.int64() }, { name: 'moldau.Tick' });

/** Counts one counter. Calls never overlap, but for `close`. */
export class TickTask implements SourceTask {
  readonly #config: TickConfig;
  readonly #counter: number;
  readonly #context: SourceContext;
  readonly #ticks: Counter;
  /** Which part of the source a position is of. */
  readonly #partition: JsonObject;
  #next: number;
  #dueAtMs: number;

  private constructor(config: TickConfig, counter: number, context: SourceContext, next: number) {
    this.#config = config;
    this.#counter = counter;
    this.#context = context;
    this.#partition = { counter };
    this.#next = next;
    this.#dueAtMs = context.clock.monotonicMs();
    this.#ticks = context.meter.counter({ name: 'moldau_connector_template_ticks_total', help: 'Ticks that were given' }).with();
  }

  /** Goes on where the stored position says. */
  static async start(config: TickConfig, counter: number, context: SourceContext): Promise<TickTask> {
    const stored = await context.storedOffset({ counter });
    const next = stored?.['next'];
    return new TickTask(config, counter, context, typeof next === 'number' ? next : 0);
  }

  // Nothing just now is `undefined`: the runtime waits a moment and asks again. Never wait here for long, and end soon when the
  // signal aborts. When the outside is away, throw a RetriableError: the runtime asks again, and the status says why.
  poll(_signal: AbortSignal): Promise<SourceBatch | undefined | 'finished'> {
    const { 'max.ticks': max, 'interval.ms': interval, topic } = this.#config;
    if (max > 0 && this.#next >= max) return Promise.resolve('finished');
    if (this.#context.clock.monotonicMs() < this.#dueAtMs) return Promise.resolve(undefined);
    this.#dueAtMs += interval;
    const tick = this.#next;
    this.#next += 1;
    this.#ticks.add(1);
    this.#context.signalStatus(`gave tick ${tick}`);
    const value = { schema: tickSchema, value: { counter: this.#counter, tick } };
    // The position holds once these records are written, and is stored with them: in one transaction where the worker
    // writes in transactions. A batch holds at most `context.limits`.
    return Promise.resolve({
      records: [{ topic, key: { value: String(this.#counter) }, value, headers: [], timestampMs: this.#context.clock.wallMs() }],
      positions: [{ partition: this.#partition, offset: { next: this.#next } }],
    });
  }

  // `written(batch)` is called after the batch and its positions are durable: delete the file, answer the sender. Leave it out
  // where there is nothing to do: with it, each batch is waited for.

  close(): Promise<void> {
    return Promise.resolve();
  }
}
