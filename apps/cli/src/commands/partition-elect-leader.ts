import type { Admin, PartitionName, PartitionOutcome } from '@moldau/client';
import { MoldauError } from '@moldau/kernel';
import { type Command, Option } from 'commander';
import { type CommandContext, type ConnectionOptions, optionsOf } from '../context.ts';
import { type PartitionState, readPartitions } from '../health/partition-state.ts';
import { collected, type TopicOrPartition, topicOrPartition } from '../input/partitions.ts';
import { writeJson } from '../output/format.ts';
import { failWithFirst, partitionName } from '../output/outcomes.ts';

interface Options extends ConnectionOptions {
  readonly unclean: boolean;
  readonly acceptLoss: boolean;
  readonly dryRun: boolean;
}

export function registerPartitionElectLeader(parent: Command, context: CommandContext): void {
  parent
    .command('elect-leader')
    .description(
      'give leadership to the preferred replicas, or with --unclean give partitions that have lost every replica with all acknowledged records ' +
        'any leader at all',
    )
    .argument(
      '[partition...]',
      'TOPIC/PARTITION, or TOPIC for all of it that need it (default: all partitions of the namespace that another than the preferred replica leads)',
      collected(topicOrPartition),
    )
    .addOption(new Option('--preferred', 'the first replica of each partition, which must be in sync (default)').conflicts('unclean'))
    .addOption(
      new Option('--unclean', 'for partitions without a leader: any replica that is there. Acknowledged records may be lost').default(
        false,
      ),
    )
    .option('--accept-loss', 'go on although acknowledged records may be lost; without it --unclean only says where they would be', false)
    .option('--dry-run', 'only check', false)
    .action((named: readonly TopicOrPartition[], _local: unknown, command: Command) => elect(context, named, command));
}

async function elect(context: CommandContext, named: readonly TopicOrPartition[], command: Command): Promise<void> {
  const options = optionsOf<Options>(command);
  const { unclean, acceptLoss } = options;
  if (unclean && named.length === 0) command.error('error: --unclean needs partitions or topics', { exitCode: 2 });
  if (acceptLoss && !unclean) command.error('error: --accept-loss belongs to --unclean', { exitCode: 2 });
  await context.withClient(options, async (moldau) => {
    const admin = moldau.admin();
    const wanted = await partitionsOf(admin, named, unclean);
    // Without a word that loss is accepted nothing is changed.
    const dryRun = options.dryRun || (unclean && !acceptLoss);
    const asked = wanted.map(({ topic, partition }) => ({ topic, partition }));
    const outcomes = asked.length === 0 ? [] : await admin.electLeaders(unclean ? 'unclean' : 'preferred', asked, { dryRun });
    await write(context, outcomes, options, dryRun);
    failWithFirst(
      context,
      outcomes.filter((outcome) => !isNeedless(outcome)),
    );
    const elected = outcomes.filter(({ error }) => error === undefined);
    if (unclean && !acceptLoss && !options.dryRun && elected.length > 0) throw lossNotAccepted(elected);
  });
}

/** Those named, and of topics those that need an election. */
async function partitionsOf(admin: Admin, named: readonly TopicOrPartition[], unclean: boolean): Promise<readonly PartitionName[]> {
  const single = named.flatMap(({ topic, partition }) => (partition === undefined ? [] : [{ topic, partition }]));
  const topics = named.filter(({ partition }) => partition === undefined).map(({ topic }) => topic);
  if (named.length > 0 && topics.length === 0) return single;
  const found: readonly PartitionState[] = await readPartitions(admin, topics, unclean ? 'offline' : 'not-preferred');
  return [...single.filter(({ topic }) => !topics.includes(topic)), ...found];
}

async function write(context: CommandContext, outcomes: readonly PartitionOutcome[], options: Options, dryRun: boolean): Promise<void> {
  const done = outcomes.filter((outcome) => outcome.error === undefined || isNeedless(outcome));
  if (options.output === 'json') {
    await writeJson(
      context.terminal,
      done.map((outcome) => ({
        topic: outcome.topic,
        partition: outcome.partition,
        elected: !dryRun && !isNeedless(outcome),
        needed: !isNeedless(outcome),
      })),
    );
    return;
  }
  if (outcomes.length === 0) await context.terminal.write('no partition needs an election\n');
  for (const outcome of done) {
    const what = isNeedless(outcome) ? 'needs no election' : dryRun ? 'would get another leader' : 'has another leader';
    await context.terminal.write(`${partitionName(outcome)} ${what}\n`);
  }
}

/** It is as asked for: nothing a script should stumble over. */
function isNeedless({ error }: PartitionOutcome): boolean {
  return error?.reason === 'ELECTION_NOT_NEEDED';
}

function lossNotAccepted(elected: readonly PartitionOutcome[]): MoldauError {
  const message = `acknowledged records of ${elected.length} partitions may be lost: those that no replica has which is there`;
  return new MoldauError('LOSS_NOT_ACCEPTED', message, { partitions: elected.map(partitionName).slice(0, 10).join(', ') });
}
