import type { Assignment, Consumer, Moldau, Producer } from '@moldau/client';
import type { Command } from 'commander';
import { type CommandContext, optionsOf } from '../context.ts';
import { wholeNumber } from '../input/values.ts';
import { writeJson } from '../output/format.ts';
import { createProgress } from '../output/progress.ts';
import { LatencyHistogram } from './latency-histogram.ts';
import { Pacer } from './pacer.ts';
import { addPerfOptions, addProducerOptions, type PerfOptions } from './perf-options.ts';

/** The time a record was sent is its first eight bytes. */
const STAMP_BYTES = 8;

export function registerPerfLatency(parent: Command, context: CommandContext): void {
  addProducerOptions(addPerfOptions(parent.command('latency').description('time records from send to receipt, end to end'), 10_000), 'all')
    .option(
      '--throughput <n>',
      'records per second; 0: the next one is sent when the one before has arrived',
      wholeNumber(0, 1_000_000),
      1000,
    )
    .action((_local: unknown, command: Command) => run(context, optionsOf<PerfOptions>(command)));
}

async function run(context: CommandContext, options: PerfOptions): Promise<void> {
  await context.withClient(options, async (moldau) => {
    const consumer = moldau.consumer({ assignment: await fromTheEnd(moldau, options.topic), signal: context.terminal.signal });
    const producer = moldau.producer({ acks: options.acks, compression: options.compression, lingerMs: 0 });
    try {
      const latency = await measure(context, producer, consumer, options);
      if (options.output === 'json') await writeJson(context.terminal, { records: options.records, latencyMs: latency });
      else
        await context.terminal.write(
          `${options.records} records: ${latency.average} ms avg, ${latency.p50} ms 50th, ${latency.p95} ms 95th, ${latency.p99} ms 99th, ${latency.p999} ms 99.9th, ${latency.max} ms max\n`,
        );
    } finally {
      await Promise.all([producer.close(), consumer.close()]);
    }
  });
}

/** The end of each partition by its offset: what is sent from now on is seen, whenever the consumer begins to read. */
async function fromTheEnd(moldau: Moldau, topic: string): Promise<Assignment[]> {
  const admin = moldau.admin();
  const [described] = await admin.describeTopics([topic]);
  if (described?.error !== undefined) throw described.error;
  const ends = await admin.listOffsets(
    (described?.partitions ?? []).map(({ partition }) => ({ topic, partition, position: 'latest' as const })),
  );
  return ends.map(({ partition, offset, error }) => {
    if (offset === undefined) throw error ?? new Error(`partition ${partition} of ${topic} told no end`);
    return { topic, partition, from: { offset } };
  });
}

async function measure(
  context: CommandContext,
  producer: Producer<Uint8Array, Uint8Array>,
  consumer: Consumer<Uint8Array, Uint8Array>,
  options: PerfOptions,
): Promise<ReturnType<LatencyHistogram['figures']>> {
  const histogram = new LatencyHistogram();
  const progress = createProgress(context.terminal, 'latency', options.records);
  const arrivals = new Arrivals();
  const reading = receive(consumer, options.records, (sentAt, count) => {
    histogram.record(performance.now() - sentAt);
    progress.update(count);
    arrivals.add();
  });
  const sending = send(producer, options, arrivals, context.terminal.signal);
  await Promise.all([reading, sending]);
  progress.stop();
  return histogram.figures();
}

async function receive(
  consumer: Consumer<Uint8Array, Uint8Array>,
  records: number,
  arrived: (sentAt: number, count: number) => void,
): Promise<void> {
  let count = 0;
  for await (const batch of consumer.batches()) {
    for (const record of batch.records) {
      const value = record.value;
      if (value === null || value.length < STAMP_BYTES) continue;
      arrived(new DataView(value.buffer, value.byteOffset, STAMP_BYTES).getFloat64(0), ++count);
    }
    if (count >= records) return;
  }
}

async function send(
  producer: Producer<Uint8Array, Uint8Array>,
  options: PerfOptions,
  arrivals: Arrivals,
  signal: AbortSignal,
): Promise<void> {
  const pacer = new Pacer(options.throughput);
  const deliveries: Promise<unknown>[] = [];
  for (let index = 0; index < options.records; index++) {
    const value = new Uint8Array(Math.max(options.size, STAMP_BYTES));
    new DataView(value.buffer).setFloat64(0, performance.now());
    deliveries.push(producer.send({ topic: options.topic, value }));
    if (options.throughput === 0) await arrivals.reach(index + 1);
    else await pacer.wait(index + 1);
    signal.throwIfAborted();
  }
  await Promise.all(deliveries);
}

/** Lets the sender wait for the receiver. */
class Arrivals {
  #count = 0;
  #wake: (() => void) | undefined;

  add(): void {
    this.#count++;
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
