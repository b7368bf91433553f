import { MoldauError } from '@moldau/kernel';
import type { Cluster } from '../cluster/cluster.ts';
import type { ConsumedRecord } from '../consumer/consumed-record.ts';
import { delay } from '../delay.ts';
import type { DeadLetters } from './dead-letters.ts';
import type { GroupPartition } from './group-partition.ts';
import type { RecordHandler, RunSettings } from './run-types.ts';

/** Doublings after which the longest wait is reached for any first one; keeps the power in range. */
const DOUBLINGS_MAX = 20;

/** `left`: its partition goes to somebody else, who will work on it. */
export type AttemptsOutcome = 'finished' | 'left';

/** Calls a handler until it has worked on its record, or has failed for good. */
export class HandlerAttempts<K, V> {
  readonly #cluster: Cluster;
  readonly #group: string;
  readonly #handler: RecordHandler<K, V>;
  readonly #settings: RunSettings;
  readonly #deadLetters: DeadLetters<K, V> | undefined;

  constructor(
    cluster: Cluster,
    group: string,
    handler: RecordHandler<K, V>,
    settings: RunSettings,
    deadLetters: DeadLetters<K, V> | undefined,
  ) {
    this.#cluster = cluster;
    this.#group = group;
    this.#handler = handler;
    this.#settings = settings;
    this.#deadLetters = deadLetters;
  }

  /** @throws MoldauError HANDLER_FAILED; what kept a dead letter from being written */
  async work(record: ConsumedRecord<K, V>, partition: GroupPartition, stop: AbortSignal): Promise<AttemptsOutcome> {
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#handler(record, { attempt, signal: partition.abort.signal });
        return 'finished';
      } catch (caught) {
        if (partition.phase !== 'reading') return 'left';
        if (attempt > this.#settings.retries) return await this.#giveUp(record, attempt, caught);
        if (await this.#pause(attempt, [partition.stopping.signal, stop])) return 'left';
      }
    }
  }

  async #giveUp(record: ConsumedRecord<K, V>, attempts: number, caught: unknown): Promise<AttemptsOutcome> {
    const error = handlerFailed(record, attempts, caught);
    if (this.#deadLetters === undefined) throw error;
    await this.#deadLetters.send({ record, group: this.#group, attempts, error });
    return 'finished';
  }

  /** Waits before the next try; true as soon as one of the signals says that there is none. */
  async #pause(attempt: number, signals: readonly AbortSignal[]): Promise<boolean> {
    const either = new AbortController();
    const abort = (): void => either.abort();
    for (const signal of signals) signal.addEventListener('abort', abort, { once: true });
    if (signals.some(({ aborted }) => aborted)) abort();
    await delay(this.#cluster.ports.scheduler, this.#pauseMs(attempt), either.signal).catch(() => {});
    for (const signal of signals) signal.removeEventListener('abort', abort);
    return either.signal.aborted;
  }

  #pauseMs(attempt: number): number {
    const { retryBackoffMs, retryBackoffMaxMs } = this.#settings;
    const ceiling = Math.min(retryBackoffMaxMs, retryBackoffMs * 2 ** Math.min(attempt - 1, DOUBLINGS_MAX));
    return Math.max(1, Math.ceil(this.#cluster.ports.random.fraction() * ceiling));
  }
}

function handlerFailed<K, V>({ topic, partition, offset }: ConsumedRecord<K, V>, attempts: number, caught: unknown): MoldauError {
  const detail = caught instanceof Error ? caught.message : String(caught);
  const error = caught instanceof MoldauError ? caught.reason : caught instanceof Error ? caught.name : typeof caught;
  const facts = { topic, partition: String(partition), offset: String(offset), attempts: String(attempts), error };
  return new MoldauError(
    'HANDLER_FAILED',
    `the handler failed at ${topic}-${partition} offset ${offset}, ${attempts} times: ${detail}`,
    facts,
    {
      cause: caught,
    },
  );
}
