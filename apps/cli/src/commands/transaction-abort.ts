import type { Command } from 'commander';
import { type CommandContext, type ConnectionOptions, optionsOf } from '../context.ts';
import { writeJson } from '../output/format.ts';

interface Options extends ConnectionOptions {
  readonly dryRun: boolean;
}

export function registerTransactionAbort(parent: Command, context: CommandContext): void {
  parent
    .command('abort')
    .description('abort what a transactional id has under way; its producer is told by its next call, and may begin anew')
    .argument('<id>', 'the transactional id')
    .option('--dry-run', 'only check', false)
    .action((id: string, _local: unknown, command: Command) => abort(context, id, optionsOf<Options>(command)));
}

async function abort(context: CommandContext, transactionalId: string, options: Options): Promise<void> {
  const { dryRun, output } = options;
  await context.withClient(options, async (moldau) => {
    await moldau.admin().abortTransaction(transactionalId, { dryRun });
    if (output === 'json') await writeJson(context.terminal, { transactionalId, aborted: !dryRun, dryRun });
    else await context.terminal.write(`the transaction of ${transactionalId} ${dryRun ? 'would be aborted' : 'is aborted'}\n`);
  });
}
