import type { Command } from 'commander';
import { type CommandContext, optionsOf } from '../context.ts';
import { writeJson } from '../output/format.ts';
import { createProgress } from '../output/progress.ts';
import { addPerfOptions, type PerfOptions } from './perf-options.ts';
import { rateLine, rateOf } from './rate.ts';

export function registerPerfConsume(parent: Command, context: CommandContext): void {
  addPerfOptions(parent.command('consume').description('read records from the beginning as fast as it goes'), 1_000_000).action(
    (_local: unknown, command: Command) => run(context, optionsOf<PerfOptions>(command)),
  );
}

async function run(context: CommandContext, options: PerfOptions): Promise<void> {
  await context.withClient(options, async (moldau) => {
    const consumer = moldau.consumer({
      assignment: [{ topic: options.topic, from: 'earliest' }],
      stopAtEnd: true,
      signal: context.terminal.signal,
    });
    const progress = createProgress(context.terminal, 'consume', options.records);
    let records = 0;
    let bytes = 0;
    const startedAt = performance.now();
    let firstAt = 0;
    for await (const batch of consumer.batches()) {
      if (firstAt === 0) firstAt = performance.now();
      for (const record of batch.records) {
        bytes += (record.key?.length ?? 0) + (record.value?.length ?? 0);
        records++;
      }
      progress.update(records);
      if (records >= options.records) break;
    }
    const endedAt = performance.now();
    progress.stop();
    await consumer.close();
    if (records < options.records) throw new Error(`topic ${options.topic} has ${records} records, ${options.records} were asked for`);
    const rate = rateOf(records, bytes, endedAt - startedAt);
    const connectMs = Math.round(firstAt - startedAt);
    if (options.output === 'json') return writeJson(context.terminal, { ...rate, firstRecordMs: connectMs });
    await context.terminal.write(`${rateLine(rate)}, first record after ${connectMs} ms\n`);
  });
}
