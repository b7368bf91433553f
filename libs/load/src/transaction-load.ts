import type { Moldau, TransactionalProducer } from '@moldau/client';
import { type LatencyFigures, LatencyHistogram } from './latency-histogram.ts';
import { createPayloads } from './payloads.ts';
import { startStopwatch, type Throughput } from './stopwatch.ts';

export interface TransactionLoad {
  /** It exists. */
  readonly topic: string;
  /** Of all producers together. */
  readonly records: number;
  /** Bytes of each value. */
  readonly size: number;
  readonly producers: number;
  readonly perTransaction: number;
}

export interface TransactionFigures {
  /** From the first begin to the last commit; sessions are there before. */
  readonly throughput: Throughput;
  /** Of commits, from the call on: also what was not written yet. */
  readonly commit: LatencyFigures;
}

/** Producers that write transactions, one after the other, all at the same time. @throws MoldauError of the first that failed */
export async function transactionLoad(moldau: Moldau, load: TransactionLoad): Promise<TransactionFigures> {
  const { records, size, producers: count, perTransaction } = load;
  const rounds = Math.max(1, Math.ceil(records / count / perTransaction));
  const payload = createPayloads(size);
  const histogram = new LatencyHistogram();
  const id = `load-${process.pid}-${Math.floor(performance.now())}`;
  const producers = Array.from({ length: count }, (_, index) => moldau.transactionalProducer({ transactionalId: `${id}-${index}` }));
  try {
    await Promise.all(producers.map((producer) => writeOne(producer, load.topic, payload(0))));
    const stop = startStopwatch();
    await Promise.all(producers.map((producer) => writeAll(producer, load, { rounds, payload, histogram })));
    const written = rounds * count * perTransaction;
    return { throughput: stop(written, written * size), commit: histogram.figures() };
  } finally {
    await Promise.all(producers.map((producer) => producer.close()));
  }
}

/** Session, connections and metadata are there after it. */
function writeOne(producer: TransactionalProducer, topic: string, value: Uint8Array): Promise<void> {
  return producer.transaction((transaction) => void transaction.send({ topic, value }));
}

async function writeAll(
  producer: TransactionalProducer,
  { topic, perTransaction }: TransactionLoad,
  { rounds, payload, histogram }: { rounds: number; payload: (index: number) => Uint8Array; histogram: LatencyHistogram },
): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    const transaction = await producer.begin();
    for (let index = 0; index < perTransaction; index++) {
      void transaction.send({ topic, value: payload(index) });
      if (!transaction.writable) await transaction.drained();
    }
    const askedAt = performance.now();
    await transaction.commit();
    histogram.record(performance.now() - askedAt);
  }
}
