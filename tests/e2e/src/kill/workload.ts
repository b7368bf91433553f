import { type Moldau, MoldauError, type Producer } from '@moldau/client';
import type { History } from '@moldau/harness';
import { uniqueValue, type ValueIdentity } from '@moldau/harness';

/** Records on their way from one producer: enough to fill batches, few enough to read back soon. */
const UNANSWERED_MAX = 500;
/** Sizes of values, by turns: batches of many small records and of few large ones. */
const VALUE_BYTES = [64, 200, 1000, 5000];

export interface WorkloadOptions {
  readonly moldau: Moldau;
  readonly topic: string;
  readonly partitions: number;
  /** Name in the values; no two producers share one. */
  readonly producer: string;
  readonly history: History;
}

/** A producer that sends for as long as it is let. */
export interface Workload {
  /** Sends no more, and waits until everything is settled. */
  stop(): Promise<void>;
}

/** Starts an idempotent producer with acks=all that keeps the history of what it was told. */
export function startWorkload(options: WorkloadOptions): Workload {
  const producer = options.moldau.producer({ acks: 'all', deliveryTimeoutMs: 300_000, maxBlockMs: 300_000 });
  let stopping = false;
  const running = (async () => {
    const unanswered = new Set<Promise<void>>();
    for (let sequence = 0; !stopping; sequence++) {
      const delivery = sendOne(producer, options, { producer: options.producer, sequence });
      unanswered.add(delivery);
      void delivery.then(() => unanswered.delete(delivery));
      if (unanswered.size >= UNANSWERED_MAX) await Promise.race(unanswered);
    }
    await Promise.all(unanswered);
    await producer.close();
  })();
  return {
    async stop(): Promise<void> {
      stopping = true;
      await running;
    },
  };
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
    history.settle(identity, { kind: definite ? 'fail' : 'info' });
  }
}
