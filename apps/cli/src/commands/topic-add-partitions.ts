import type { Command } from 'commander';
import { type CommandContext, type ConnectionOptions, optionsOf } from '../context.ts';
import { wholeNumber } from '../input/values.ts';
import { writeJson } from '../output/format.ts';

interface Options extends ConnectionOptions {
  readonly total: number;
  readonly dryRun: boolean;
}

export function registerTopicAddPartitions(parent: Command, context: CommandContext): void {
  parent
    .command('add-partitions')
    .description('give a topic more partitions; keys may from then on map to other partitions than before')
    .argument('<name>', 'the topic')
    .requiredOption('--total <n>', 'how many it shall have in all', wholeNumber(1, 10_000))
    .option('--dry-run', 'only check', false)
    .action((name: string, _local: unknown, command: Command) => addPartitions(context, name, optionsOf<Options>(command)));
}

async function addPartitions(context: CommandContext, name: string, options: Options): Promise<void> {
  await context.withClient(options, async (moldau) => {
    const [result] = await moldau.admin().addPartitions([{ name, totalPartitions: options.total }], { dryRun: options.dryRun });
    if (result?.error !== undefined) throw result.error;
    if (options.output === 'json') return writeJson(context.terminal, { name, partitions: options.total, dryRun: options.dryRun });
    await context.terminal.write(`topic ${name} ${options.dryRun ? 'would have' : 'has'} ${options.total} partitions\n`);
  });
}
