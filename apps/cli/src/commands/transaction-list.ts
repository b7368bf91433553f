import type { TransactionListing, TransactionStanding } from '@moldau/client';
import { type Command, Option } from 'commander';
import { type CommandContext, type ConnectionOptions, optionsOf, print } from '../context.ts';
import { wholeNumber } from '../input/values.ts';
import { timeText } from '../output/time-text.ts';

type State = Exclude<TransactionStanding, 'unknown'>;

interface Options extends ConnectionOptions {
  readonly state?: readonly State[];
  readonly runningFor?: number;
}

const STATES: readonly State[] = ['empty', 'ongoing', 'prepare-commit', 'prepare-abort', 'complete-commit', 'complete-abort'];
const YEAR_MS = 31_536_000_000;

export function registerTransactionList(parent: Command, context: CommandContext): void {
  parent
    .command('list')
    .description('list the transactional ids of the namespace: where each stands, its producer, and since when a transaction is under way')
    .addOption(new Option('--state <name...>', 'only these').choices(STATES))
    .option('--running-for <ms>', 'only transactions that have been under way for at least so long', wholeNumber(0, YEAR_MS))
    .action((_local: unknown, command: Command) => list(context, optionsOf<Options>(command)));
}

async function list(context: CommandContext, options: Options): Promise<void> {
  const { state, runningFor } = options;
  const filter = { ...(state === undefined ? {} : { states: state }), ...(runningFor === undefined ? {} : { runningForMs: runningFor }) };
  await context.withClient(options, async (moldau) => {
    const listed: TransactionListing[] = [];
    for await (const transaction of moldau.admin().listTransactions(filter)) listed.push(transaction);
    await print(context, options.output, listed, {
      head: ['TRANSACTIONAL ID', 'STATE', 'PRODUCER', 'EPOCH', 'STARTED'],
      rows: listed.map(({ transactionalId, state: standing, producerId, producerEpoch, startedAtMs }) => [
        transactionalId,
        standing,
        String(producerId),
        String(producerEpoch),
        timeText(startedAtMs),
      ]),
    });
  });
}
