import { dirname, resolve } from 'node:path';
import { createNodeDisk, createNodeIds } from '@moldau/platform-node';
import { repairPartition } from '@moldau/storage';
import type { Command } from 'commander';
import { type CommandContext, optionsOf } from '../context.ts';
import { type OutputFormat, writeJson } from '../output/format.ts';

interface Options {
  readonly output: OutputFormat;
  readonly acceptLoss: boolean;
}

export function registerLogRepair(parent: Command, context: CommandContext): void {
  parent
    .command('repair')
    .description(
      'bring a partition with a damaged log back, with the broker stopped: keeps every good batch at its offset and sets damaged files aside',
    )
    .argument('<directory>', "the partition's directory: DATA/topics/TOPIC-ID/PARTITION")
    .option('--accept-loss', 'go on although records are lost; without it the repair only says which would be', false)
    .action((directory: string, _local: unknown, command: Command) => repair(context, resolve(directory), optionsOf<Options>(command)));
}

async function repair(context: CommandContext, directory: string, options: Options): Promise<void> {
  const disk = createNodeDisk();
  const dataDirectory = dirname(dirname(dirname(directory)));
  const lock = await disk.lock(`${dataDirectory}/lock`); // refused while a broker runs on it
  try {
    const report = await repairPartition({ disk, ids: createNodeIds() }, directory, { acceptLoss: options.acceptLoss });
    if (options.output === 'json') return await writeJson(context.terminal, report);
    for (const { from, to, file, position } of report.lost)
      await context.terminal.write(`lost offsets ${from}–${to - 1}: ${file} at position ${position}\n`);
    await context.terminal.write(`repaired: offsets ${report.startOffset}–${report.endOffset} in ${report.segments} segments\n`);
  } finally {
    await lock.release();
  }
}
