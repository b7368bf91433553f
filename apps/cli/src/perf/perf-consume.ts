import { consumeLoad } from '@moldau/load';
import type { Command } from 'commander';
import { type CommandContext, optionsOf } from '../context.ts';
import { writeJson } from '../output/format.ts';
import { createProgress } from '../output/progress.ts';
import { addPerfOptions, type PerfOptions } from './perf-options.ts';
import { rateLine, rateOf } from './rate.ts';

const MS_PER_SECOND = 1000;

export function registerPerfConsume(parent: Command, context: CommandContext): void {
  addPerfOptions(parent.command('consume').description('read records from the beginning as fast as it goes'), 1_000_000).action(
    (_local: unknown, command: Command) => run(context, optionsOf<PerfOptions>(command)),
  );
}

async function run(context: CommandContext, { topic, records, ...options }: PerfOptions): Promise<void> {
  const { terminal } = context;
  await context.withClient(options, async (moldau) => {
    const progress = createProgress(terminal, 'consume', records);
    const { throughput, whole } = await consumeLoad(moldau, {
      assignment: [{ topic, from: 'earliest' }],
      records,
      signal: terminal.signal,
      onProgress: (read) => progress.update(read),
    }).finally(() => progress.stop());
    const rate = rateOf(whole);
    const firstRecordMs = Math.round((whole.seconds - throughput.seconds) * MS_PER_SECOND);
    if (options.output === 'json') return writeJson(terminal, { ...rate, firstRecordMs });
    await terminal.write(`${rateLine(rate)}, first record after ${firstRecordMs} ms\n`);
  });
}
