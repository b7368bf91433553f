import { type Moldau, MoldauError, type Producer } from '@moldau/client';
import type { SendRecorder } from '../history/history.ts';
import { uniqueValue, type ValueIdentity } from '../history/unique-value.ts';

/** Records on their way from one producer: enough to fill batches, few enough to read back soon. */
const UNANSWERED_MAX = 500;
/** Sizes of values, by turns: batches of many small records and of few large ones. */
const VALUE_BYTES = [64, 200, 1000, 5000];
/** Longer than any outage of a test: what the broker did not refuse is settled by its answer, not by this. */
const DELIVERY_TIMEOUT_MS = 300_000;

export interface WorkloadOptions {
  readonly moldau: Moldau;
  readonly topic: string;
  readonly partitions: number;
  /** Name in the values; no two producers share one. */
  readonly producer: string;
  readonly history: SendRecorder;
  /** Default: as many as get through. */
  readonly recordsPerSecond?: number;
}

/** A producer that sends for as long as it is let. */
export interface RunningWorkload {
  /** Sends nothing until `resume`, and waits until all that was sent is settled. */
  pause(): Promise<void>;
  resume(): void;
  /** Sends no more, and waits until everything is settled. */
  stop(): Promise<void>;
}

/** Starts an idempotent producer with acks=all that keeps the history of what it was told. */
export function startWorkload(options: WorkloadOptions): RunningWorkload {
  const producer = options.moldau.producer({ acks: 'all', deliveryTimeoutMs: DELIVERY_TIMEOUT_MS, maxBlockMs: DELIVERY_TIMEOUT_MS });
  const stopping = new AbortController();
  let rest: Rest | undefined;
  const resume = (): void => {
    rest?.over.resolve();
    rest = undefined;
  };
  const running = (async () => {
    const unanswered = new Set<Promise<void>>();
    let startedAt = performance.now();
    for (let sequence = 0; !stopping.signal.aborted; sequence++) {
      if (rest !== undefined) startedAt += await resting(rest, unanswered);
      if (stopping.signal.aborted) break;
      const delivery = sendOne(producer, options, { producer: options.producer, sequence });
      unanswered.add(delivery);
      void delivery.then(() => unanswered.delete(delivery));
      if (unanswered.size >= UNANSWERED_MAX) await Promise.race(unanswered);
      if (options.recordsPerSecond !== undefined) await until(startedAt + (sequence / options.recordsPerSecond) * 1000, stopping.signal);
    }
    await Promise.all(unanswered);
    await producer.close();
  })();
  // Whoever stops it hears of its failure; until then it is nobody's.
  running.catch(() => {});
  return {
    async pause(): Promise<void> {
      rest ??= { idle: Promise.withResolvers(), over: Promise.withResolvers() };
      await Promise.race([rest.idle.promise, running]);
    },
    resume,
    async stop(): Promise<void> {
      stopping.abort();
      resume();
      await running;
    },
  };
}

/** From `pause` to `resume`. */
interface Rest {
  /** Nothing is unanswered. */
  readonly idle: PromiseWithResolvers<void>;
  readonly over: PromiseWithResolvers<void>;
}

/** Answers with how long the rest was in ms: the rate does not make up for it. */
async function resting(rest: Rest, unanswered: ReadonlySet<Promise<void>>): Promise<number> {
  const beganAt = performance.now();
  await Promise.all(unanswered);
  rest.idle.resolve();
  await rest.over.promise;
  return performance.now() - beganAt;
}

/** Waits for a moment of `performance.now`, or for the signal. */
async function until(moment: number, signal: AbortSignal): Promise<void> {
  const waitMs = moment - performance.now();
  if (waitMs <= 0 || signal.aborted) return;
  await new Promise<void>((resolve) => {
    const wake = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', wake);
      resolve();
    };
    const timer = setTimeout(wake, waitMs);
    signal.addEventListener('abort', wake, { once: true });
  });
}

async function sendOne(producer: Producer<Uint8Array, Uint8Array>, options: WorkloadOptions, identity: ValueIdentity): Promise<void> {
  const { history, topic } = options;
  const partition = identity.sequence % options.partitions;
  const value = uniqueValue(identity, VALUE_BYTES[identity.sequence % VALUE_BYTES.length] as number);
  history.begin(identity, partition, value.length);
  try {
    const { offset } = await producer.send({ topic, partition, value });
    if (offset === undefined) throw new Error('acknowledged without an offset');
    history.settle(identity, { kind: 'ok', offset });
  } catch (error) {
    const definite = error instanceof MoldauError && error.certainty === 'definite';
    history.settle(identity, { kind: definite ? 'fail' : 'info' }, error instanceof Error ? error.message : String(error));
  }
}
