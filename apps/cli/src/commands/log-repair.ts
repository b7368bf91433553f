import { basename, dirname, resolve } from 'node:path';
import { type Disk, MoldauError } from '@moldau/kernel';
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
  const dataDirectory = await dataDirectoryOf(disk, directory);
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

/** Looks before anything is written, the lock file included: a mistyped path is somebody else's directory. */
async function dataDirectoryOf(disk: Disk, directory: string): Promise<string> {
  const dataDirectory = dirname(dirname(dirname(directory)));
  if ((await disk.stat(directory))?.kind !== 'directory') throw new RangeError(`there is no directory ${directory}`);
  if ((await disk.stat(`${dataDirectory}/meta.json`)) !== undefined && basename(dirname(dirname(directory))) === 'topics')
    return dataDirectory;
  const limit = 'DATA/topics/TOPIC-ID/PARTITION';
  throw new MoldauError('DATA_DIRECTORY_UNUSABLE', `${directory} is not the directory of a partition: ${limit}`, {
    path: directory,
    limit,
  });
}
