import type { Command } from 'commander';
import { type CommandContext, type ConnectionOptions, optionsOf } from '../context.ts';
import { brokerId } from '../input/partitions.ts';
import { writeJson } from '../output/format.ts';

interface Options extends ConnectionOptions {
  readonly dryRun: boolean;
}

export function registerBrokerRemove(parent: Command, context: CommandContext): void {
  parent
    .command('remove')
    .description('forget a broker that is gone for good, once it is drained and stopped')
    .argument('<id>', 'the broker', brokerId)
    .option('--dry-run', 'only check', false)
    .action((id: number, _local: unknown, command: Command) => remove(context, id, optionsOf<Options>(command)));
}

async function remove(context: CommandContext, id: number, options: Options): Promise<void> {
  const { dryRun } = options;
  await context.withClient(options, async (moldau) => {
    await moldau.admin().removeBroker(id, { dryRun });
    if (options.output === 'json') await writeJson(context.terminal, { brokerId: id, removed: !dryRun, dryRun });
    else await context.terminal.write(`broker ${id} ${dryRun ? 'would be' : 'is'} removed\n`);
  });
}
