import { latencyLoad } from '@moldau/load';
import type { Command } from 'commander';
import { type CommandContext, optionsOf } from '../context.ts';
import { wholeNumber } from '../input/values.ts';
import { writeJson } from '../output/format.ts';
import { createProgress } from '../output/progress.ts';
import { addPerfOptions, addProducerOptions, type PerfOptions } from './perf-options.ts';
import { percentilesLine } from './rate.ts';

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
  const { topic, records, size, acks, compression, throughput: perSecond } = options;
  const { terminal } = context;
  await context.withClient(options, async (moldau) => {
    const progress = createProgress(terminal, 'latency', records);
    const latency = await latencyLoad(moldau, {
      topic,
      records,
      size,
      perSecond,
      acks,
      compression,
      lingerMs: 0,
      signal: terminal.signal,
      onProgress: (arrived) => progress.update(arrived),
    }).finally(() => progress.stop());
    if (options.output === 'json') return writeJson(terminal, { records, latencyMs: latency });
    await terminal.write(`${records} records: ${percentilesLine(latency)}\n`);
  });
}
