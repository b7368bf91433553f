import type { Moldau } from '@moldau/client';
import type { Command } from 'commander';
import { type CommandContext, type ConnectionOptions, optionsOf } from '../context.ts';
import { onePartition } from '../input/partitions.ts';
import { wholeNumber } from '../input/values.ts';
import { writeJson } from '../output/format.ts';
import { partitionName } from '../output/outcomes.ts';

interface Options extends ConnectionOptions {
  readonly partition?: ReturnType<typeof onePartition>;
  readonly startOffset?: number;
  readonly dryRun: boolean;
}

export function registerTransactionAbort(parent: Command, context: CommandContext): void {
  parent
    .command('abort')
    .description(
      'abort what a transactional id has under way; its producer is told by its next call, and may begin anew. Or, by --partition and --start-offset, a transaction that find-hanging shows',
    )
    .argument('[id]', 'the transactional id')
    .option('--partition <topic/partition>', 'the partition in which it hangs', onePartition)
    .option('--start-offset <offset>', 'its first record there', wholeNumber(0, Number.MAX_SAFE_INTEGER))
    .option('--dry-run', 'only check', false)
    .action((id: string | undefined, _local: unknown, command: Command) => abort(context, command, id, optionsOf<Options>(command)));
}

async function abort(context: CommandContext, command: Command, id: string | undefined, options: Options): Promise<void> {
  const { partition, startOffset } = options;
  if (id !== undefined && partition === undefined && startOffset === undefined) {
    await context.withClient(options, (moldau) => abortById(context, moldau, id, options));
  } else if (id === undefined && partition !== undefined && startOffset !== undefined) {
    await context.withClient(options, (moldau) => abortHanging(context, moldau, { ...partition, startOffset }, options));
  } else {
    command.error('error: name a transactional id, or --partition and --start-offset, and not both', { exitCode: 2 });
  }
}

async function abortById(context: CommandContext, moldau: Moldau, transactionalId: string, { dryRun, output }: Options): Promise<void> {
  await moldau.admin().abortTransaction(transactionalId, { dryRun });
  if (output === 'json') await writeJson(context.terminal, { transactionalId, aborted: !dryRun, dryRun });
  else await context.terminal.write(`the transaction of ${transactionalId} ${dryRun ? 'would be aborted' : 'is aborted'}\n`);
}

async function abortHanging(
  context: CommandContext,
  moldau: Moldau,
  target: ReturnType<typeof onePartition> & { readonly startOffset: number },
  { dryRun, output }: Options,
): Promise<void> {
  const producer = await moldau.admin().abortHangingTransaction(target, { dryRun });
  if (output === 'json') {
    await writeJson(context.terminal, { ...target, ...producer, aborted: !dryRun, dryRun });
    return;
  }
  const which = `the transaction of producer ${producer.producerId} in ${partitionName(target)} from offset ${target.startOffset} on`;
  await context.terminal.write(`${which} ${dryRun ? 'would be aborted' : 'is aborted'}\n`);
}
