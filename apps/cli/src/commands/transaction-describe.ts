import type { DescribedTransaction } from '@moldau/client';
import type { Command } from 'commander';
import { type CommandContext, type ConnectionOptions, optionsOf, print } from '../context.ts';
import { partitionName } from '../output/outcomes.ts';
import { timeText } from '../output/time-text.ts';

export function registerTransactionDescribe(parent: Command, context: CommandContext): void {
  parent
    .command('describe')
    .description('show transactional ids: state, producer, timeout, partitions and groups of the transaction under way, and who keeps it')
    .argument('<id...>', 'the transactional ids')
    .action((ids: string[], _local: unknown, command: Command) => describe(context, ids, optionsOf<ConnectionOptions>(command)));
}

async function describe(context: CommandContext, ids: readonly string[], options: ConnectionOptions): Promise<void> {
  await context.withClient(options, async (moldau) => {
    const described = await moldau.admin().describeTransactions(ids);
    const known = described.flatMap(({ transaction }) => transaction ?? []);
    if (known.length > 0) {
      await print(context, options.output, known, {
        head: [
          'TRANSACTIONAL ID',
          'STATE',
          'PRODUCER',
          'EPOCH',
          'TIMEOUT MS',
          'STARTED',
          'UPDATED',
          'PARTITIONS',
          'GROUPS',
          'SHARD',
          'COORDINATOR',
        ],
        rows: known.map((transaction) => [
          transaction.transactionalId,
          transaction.state,
          String(transaction.producerId),
          String(transaction.producerEpoch),
          String(transaction.timeoutMs),
          timeText(transaction.startedAtMs),
          timeText(transaction.updatedAtMs),
          transaction.partitions.map(partitionName).join(',') || '-',
          transaction.groups.join(',') || '-',
          String(transaction.shard),
          transaction.coordinatorId || '-',
        ]),
      });
    }
    failWithFirstOf(context, described);
  });
}

/** Says what could not be described, each in a line, and throws the first of it. */
function failWithFirstOf(context: CommandContext, described: readonly DescribedTransaction[]): void {
  const failed = described.filter(({ error }) => error !== undefined);
  for (const { transactionalId, error } of failed.slice(1)) {
    context.terminal.note(`moldau: ${transactionalId}: ${error?.reason}: ${error?.message}`);
  }
  const error = failed[0]?.error;
  if (error !== undefined) throw error;
}
