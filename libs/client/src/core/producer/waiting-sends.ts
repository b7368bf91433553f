import { type Clock, MoldauError, type Scheduler, type Timer } from '@moldau/kernel';
import { createDeferred, type Deferred } from '../deferred.ts';
import { Fifo } from '../fifo.ts';
import type { ProducerRecord, RecordMetadata } from './producer-types.ts';

/** A record that waits for room or for metadata. */
export interface WaitingSend<K, V> {
  readonly record: ProducerRecord<K, V>;
  readonly deadlineMs: number;
  /** Rises with each send that waits. */
  readonly ticket: number;
  readonly outcome: Deferred<RecordMetadata>;
  /** It waits no longer: it was appended, refused or cancelled. */
  over: boolean;
}

/** Sends in the order in which they came, each with the same patience. */
export class WaitingSends<K, V> {
  readonly #clock: Clock;
  readonly #scheduler: Scheduler;
  readonly #expired: (send: WaitingSend<K, V>) => void;
  readonly #sends = new Fifo<WaitingSend<K, V>>();
  #timer: Timer | undefined;

  constructor(clock: Clock, scheduler: Scheduler, expired: (send: WaitingSend<K, V>) => void) {
    this.#clock = clock;
    this.#scheduler = scheduler;
    this.#expired = expired;
  }

  get length(): number {
    return this.#sends.length;
  }

  /** Settles when the last that waits now does; undefined when none waits that came no later than `ticket`. */
  passed(ticket: number): Promise<unknown> | undefined {
    for (let first = this.#sends.first; first?.over === true; first = this.#sends.first) this.#sends.shift();
    const { first, last } = this.#sends;
    return first === undefined || first.ticket > ticket ? undefined : last?.outcome.promise.catch(() => {});
  }

  add(send: WaitingSend<K, V>): void {
    this.#sends.push(send);
    this.#arm();
  }

  shift(): WaitingSend<K, V> | undefined {
    return this.#sends.shift();
  }

  /** All of them, first first. */
  drain(): WaitingSend<K, V>[] {
    this.close();
    return this.#sends.drain();
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #arm(): void {
    const first = this.#sends.first;
    if (this.#timer !== undefined || first === undefined) return;
    this.#timer = this.#scheduler.after(Math.max(0, first.deadlineMs - this.#clock.monotonicMs()), () => {
      this.#timer = undefined;
      const nowMs = this.#clock.monotonicMs();
      for (let send = this.#sends.first; send !== undefined && (send.over || send.deadlineMs <= nowMs); send = this.#sends.first) {
        this.#sends.shift();
        if (!send.over) this.#expired(send);
      }
      this.#arm();
    });
  }
}

export function createWaitingSend<K, V>(record: ProducerRecord<K, V>, deadlineMs: number, ticket: number): WaitingSend<K, V> {
  return { record, deadlineMs, ticket, outcome: createDeferred<RecordMetadata>(), over: false };
}

/** The buffer had no room for it in time. */
export function bufferFullError(topic: string, bufferBytes: number, maxBlockMs: number): MoldauError {
  const facts = { topic, limit: String(bufferBytes), waited_ms: String(maxBlockMs) };
  return new MoldauError('BUFFER_FULL', `the producer's buffer of ${bufferBytes} bytes stayed full for ${maxBlockMs} ms`, facts);
}

/** More calls wait than the producer keeps. */
export function tooManyWaitingError(topic: string, limit: number): MoldauError {
  const message = `${limit} calls of send wait for room in the producer's buffer already; await them`;
  return new MoldauError('BUFFER_FULL', message, { topic, limit: String(limit) });
}
