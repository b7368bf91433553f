import { produceLoad } from '@moldau/load';
import type { Command } from 'commander';
import { type CommandContext, optionsOf } from '../context.ts';
import { wholeNumber } from '../input/values.ts';
import { writeJson } from '../output/format.ts';
import { createProgress } from '../output/progress.ts';
import { addPerfOptions, addProducerOptions, type PerfOptions } from './perf-options.ts';
import { percentilesLine, rateLine, rateOf } from './rate.ts';

export function registerPerfProduce(parent: Command, context: CommandContext): void {
  addProducerOptions(
    addPerfOptions(parent.command('produce').description('publish records as fast as it goes, or at a rate'), 1_000_000),
    'all',
  )
    .option('--throughput <n>', 'records per second; 0: as fast as it goes', wholeNumber(0, 100_000_000), 0)
    .action((_local: unknown, command: Command) => run(context, optionsOf<PerfOptions>(command)));
}

async function run(context: CommandContext, options: PerfOptions): Promise<void> {
  const { topic, records, size, acks, compression, throughput: perSecond } = options;
  const { terminal } = context;
  await context.withClient(options, async (moldau) => {
    const progress = createProgress(terminal, 'produce', records);
    const { throughput, latency } = await produceLoad(moldau, {
      topics: [topic],
      records,
      size,
      acks,
      compression,
      perSecond,
      latency: true,
      signal: terminal.signal,
      onProgress: (sent) => progress.update(sent),
    }).finally(() => progress.stop());
    const rate = rateOf(throughput);
    if (options.output === 'json') return writeJson(terminal, { ...rate, latencyMs: latency });
    await terminal.write(`${rateLine(rate)}, ${percentilesLine(latency, ' latency')}\n`);
  });
}
