import { MoldauError, type Producer } from '@moldau/client';
import type { Command } from 'commander';
import { type CommandContext, optionsOf } from '../context.ts';
import { wholeNumber } from '../input/values.ts';
import { writeJson } from '../output/format.ts';
import { createProgress } from '../output/progress.ts';
import { type LatencyFigures, LatencyHistogram } from './latency-histogram.ts';
import { Pacer } from './pacer.ts';
import { createPayloads } from './payload.ts';
import { addPerfOptions, addProducerOptions, type PerfOptions } from './perf-options.ts';
import { type RateFigures, rateLine, rateOf } from './rate.ts';

/** At most this many latencies are taken, as Kafka's tool does, evenly over the run. */
const SAMPLES_MAX = 500_000;
/** Records between two looks at progress and pace at full speed. */
const TURN_RECORDS = 256;

export function registerPerfProduce(parent: Command, context: CommandContext): void {
  addProducerOptions(
    addPerfOptions(parent.command('produce').description('publish records as fast as it goes, or at a rate'), 1_000_000),
    'all',
  )
    .option('--throughput <n>', 'records per second; 0: as fast as it goes', wholeNumber(0, 100_000_000), 0)
    .action((_local: unknown, command: Command) => run(context, optionsOf<PerfOptions>(command)));
}

async function run(context: CommandContext, options: PerfOptions): Promise<void> {
  await context.withClient(options, async (moldau) => {
    const producer = moldau.producer({ acks: options.acks, compression: options.compression });
    await moldau.admin().describeTopics([options.topic]); // the connection and the metadata are there before the clock starts
    const { rate, latency } = await measure(context, producer, options);
    await producer.close();
    if (options.output === 'json') return writeJson(context.terminal, { ...rate, latencyMs: latency });
    await context.terminal.write(
      `${rateLine(rate)}, ${latency.average} ms avg latency, ${latency.p50} ms 50th, ${latency.p95} ms 95th, ${latency.p99} ms 99th, ${latency.p999} ms 99.9th, ${latency.max} ms max\n`,
    );
  });
}

async function measure(
  context: CommandContext,
  producer: Producer<Uint8Array, Uint8Array>,
  options: PerfOptions,
): Promise<{ readonly rate: RateFigures; readonly latency: LatencyFigures }> {
  const { topic, records, size, throughput } = options;
  const payload = createPayloads(size);
  const histogram = new LatencyHistogram();
  const every = Math.max(1, Math.ceil(records / SAMPLES_MAX));
  const pacer = new Pacer(throughput);
  const progress = createProgress(context.terminal, 'produce', records);
  let failure: MoldauError | undefined;
  const failed = (error: unknown): void => {
    failure ??= MoldauError.from(error);
  };
  const turn = throughput > 0 && throughput < TURN_RECORDS * 100 ? 1 : TURN_RECORDS;
  const startedAt = performance.now();
  for (let index = 0; index < records && failure === undefined; index++) {
    const delivery = producer.send({ topic, value: payload(index) });
    if (index % every === 0) {
      const sentAt = performance.now();
      delivery.then(() => histogram.record(performance.now() - sentAt), failed);
    } else delivery.catch(failed);
    if (index % turn !== 0) continue;
    progress.update(index);
    const wait = pacer.wait(index + 1);
    if (wait !== undefined) await wait;
    else if (!producer.writable) await producer.drained();
    context.terminal.signal.throwIfAborted();
  }
  await producer.flush();
  const elapsed = performance.now() - startedAt;
  progress.update(records);
  progress.stop();
  if (failure !== undefined) throw failure;
  return { rate: rateOf(records, records * size, elapsed), latency: histogram.figures() };
}
