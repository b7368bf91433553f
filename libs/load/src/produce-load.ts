import { type CompressionName, type Moldau, MoldauError, type Producer, type ProducerAcks, type ProducerRecord } from '@moldau/client';
import { type LatencyFigures, LatencyHistogram } from './latency-histogram.ts';
import { Pacer } from './pacer.ts';
import { createPayloads } from './payloads.ts';
import { startStopwatch, type Throughput } from './stopwatch.ts';

/** At most this many latencies are taken, as Kafka's tool does, evenly over the run. */
const SAMPLES_MAX = 500_000;
/** Records between two looks at progress, pace and room in the producer's buffer. */
const TURN_RECORDS = 64;
/** Below so many turns a second each record is a turn of its own. */
const TURNS_PER_SECOND_MIN = 100;

export interface ProduceLoad {
  /** Topics, which exist; with several, records go to them by turns. */
  readonly topics: readonly [string, ...string[]];
  readonly records: number;
  /** Bytes of each value. */
  readonly size: number;
  /** Default `all`. */
  readonly acks?: ProducerAcks;
  /** Default `none`. */
  readonly compression?: CompressionName;
  /** Records per second; default 0: as fast as it goes. */
  readonly perSecond?: number;
  /** Partitions of each topic, to which records then go by turns, so that all are dirty at once. Default: as the partitioner likes. */
  readonly byTurns?: number | undefined;
  /** Whether the time until the acknowledgement is taken; default false. */
  readonly latency?: boolean;
  /** Aborting it ends the run with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Told now and then how many records were sent. */
  readonly onProgress?: (records: number) => void;
}

export interface ProduceFigures {
  /** From the first send to the last acknowledgement. */
  readonly throughput: Throughput;
  /** Zeros where it was not asked for. */
  readonly latency: LatencyFigures;
}

/**
 * Sends records and looks at the promise of each.
 *
 * @throws MoldauError that of the first record that failed; UNKNOWN_TOPIC
 */
export async function produceLoad(moldau: Moldau, load: ProduceLoad): Promise<ProduceFigures> {
  const described = await moldau.admin().describeTopics(load.topics); // connection and metadata are there before the clock starts
  for (const { error } of described) if (error !== undefined) throw error;
  const { acks = 'all', compression = 'none' } = load;
  await using producer = moldau.producer({ acks, compression });
  return await drive(producer, load);
}

async function drive(producer: Producer<Uint8Array, Uint8Array>, load: ProduceLoad): Promise<ProduceFigures> {
  const { records, perSecond = 0, signal, onProgress } = load;
  const next = recordsOf(load);
  const histogram = new LatencyHistogram();
  const every = Math.max(1, Math.ceil(records / SAMPLES_MAX));
  let sample = load.latency === true ? 0 : records;
  const turn = perSecond > 0 && perSecond < TURN_RECORDS * TURNS_PER_SECOND_MIN ? 1 : TURN_RECORDS;
  let failure: MoldauError | undefined;
  const failed = (error: unknown): void => {
    failure ??= MoldauError.from(error);
  };
  const pacer = new Pacer(perSecond);
  const stop = startStopwatch();
  for (let index = 0; index < records && failure === undefined; index++) {
    const delivery = producer.send(next(index));
    if (index === sample) {
      sample += every;
      const sentAt = performance.now();
      delivery.then(() => histogram.record(performance.now() - sentAt), failed);
    } else delivery.catch(failed);
    if (index % turn !== 0) continue;
    onProgress?.(index);
    const wait = pacer.wait(index + 1);
    if (wait !== undefined) await wait;
    else if (!producer.writable) await producer.drained();
    signal?.throwIfAborted();
  }
  await producer.flush();
  const throughput = stop(records, records * load.size);
  onProgress?.(records);
  if (failure !== undefined) throw failure;
  return { throughput, latency: histogram.figures() };
}

/** The record of each index. */
function recordsOf({ topics, byTurns, size }: ProduceLoad): (index: number) => ProducerRecord<Uint8Array, Uint8Array> {
  const payload = createPayloads(size);
  const [first] = topics;
  if (byTurns !== undefined) {
    return (index) => ({
      topic: topics[Math.floor(index / byTurns) % topics.length] ?? first,
      partition: index % byTurns,
      value: payload(index),
    });
  }
  if (topics.length === 1) return (index) => ({ topic: first, value: payload(index) });
  return (index) => ({ topic: topics[index % topics.length] ?? first, value: payload(index) });
}
