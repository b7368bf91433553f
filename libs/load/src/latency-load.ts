import { type CompressionName, type Consumer, type Moldau, MoldauError, type Producer, type ProducerAcks } from '@moldau/client';
import { type LatencyFigures, LatencyHistogram } from './latency-histogram.ts';
import { newestRecords } from './newest-records.ts';
import { Pacer } from './pacer.ts';

/** The time a record was sent is its first eight bytes. */
const STAMP_BYTES = 8;

export interface LatencyLoad {
  readonly topic: string;
  /** How many are measured. */
  readonly records: number;
  /** So many are sent first and not measured: they pay for connections and compilation. Default 0. */
  readonly warmUpRecords?: number;
  /** Bytes of each value; at least 8 are sent. */
  readonly size: number;
  /** Records per second; 0: the next one is sent when the one before has arrived. */
  readonly perSecond: number;
  /** Default `all`. */
  readonly acks?: ProducerAcks;
  /** Default `none`. */
  readonly compression?: CompressionName;
  /** The producer's; default its own default. */
  readonly lingerMs?: number;
  /** Aborting it ends the run with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Told how many records have arrived. */
  readonly onProgress?: (records: number) => void;
}

/**
 * From send to receipt, by a producer and a consumer in this process.
 *
 * @throws MoldauError that of the first record that failed; UNKNOWN_TOPIC
 */
export async function latencyLoad(moldau: Moldau, load: LatencyLoad): Promise<LatencyFigures> {
  const { assignment } = await newestRecords(moldau, load.topic, 0);
  const { acks = 'all', compression = 'none', lingerMs, signal } = load;
  await using consumer = moldau.consumer({ assignment, ...(signal === undefined ? {} : { signal }) });
  await using producer = moldau.producer({ acks, compression, ...(lingerMs === undefined ? {} : { lingerMs }) });
  const total = load.records + (load.warmUpRecords ?? 0);
  const histogram = new LatencyHistogram();
  const arrivals = new Arrivals();
  const reading = receive(consumer, total, (sentAt, count) => {
    if (count > total - load.records) histogram.record(performance.now() - sentAt);
    load.onProgress?.(count);
    arrivals.add();
  });
  await Promise.all([reading, send(producer, load, total, arrivals)]);
  return histogram.figures();
}

async function receive(
  consumer: Consumer<Uint8Array, Uint8Array>,
  total: number,
  arrived: (sentAt: number, count: number) => void,
): Promise<void> {
  let count = 0;
  for await (const batch of consumer.batches()) {
    for (const record of batch.records) {
      const value = record.value;
      if (value === null || value.length < STAMP_BYTES) continue;
      arrived(new DataView(value.buffer, value.byteOffset, STAMP_BYTES).getFloat64(0), ++count);
    }
    if (count >= total) return;
  }
}

async function send(producer: Producer<Uint8Array, Uint8Array>, load: LatencyLoad, total: number, arrivals: Arrivals): Promise<void> {
  const pacer = new Pacer(load.perSecond);
  let failure: MoldauError | undefined;
  const failed = (error: unknown): void => {
    failure ??= MoldauError.from(error);
    arrivals.giveUp();
  };
  for (let index = 0; index < total; index++) {
    const value = new Uint8Array(Math.max(load.size, STAMP_BYTES));
    new DataView(value.buffer).setFloat64(0, performance.now());
    producer.send({ topic: load.topic, value }).catch(failed);
    if (load.perSecond === 0) await arrivals.reach(index + 1);
    else await pacer.wait(index + 1);
    if (failure !== undefined) throw failure;
    load.signal?.throwIfAborted();
  }
  await producer.flush();
  if (failure !== undefined) throw failure;
}

/** Lets the sender wait for the receiver, unless a record failed that will never arrive. */
class Arrivals {
  #count = 0;
  #wake: (() => void) | undefined;

  add(): void {
    this.#count++;
    this.#wake?.();
  }

  giveUp(): void {
    this.#count = Number.POSITIVE_INFINITY;
    this.#wake?.();
  }

  async reach(count: number): Promise<void> {
    while (this.#count < count) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
