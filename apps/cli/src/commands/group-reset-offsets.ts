import type { ResetTarget } from '@moldau/client';
import type { Command } from 'commander';
import { type CommandContext, type ConnectionOptions, optionsOf, print } from '../context.ts';
import { byTopic, collected, type TopicOrPartition, topicOrPartition } from '../input/partitions.ts';
import { resetTarget } from '../input/reset-target.ts';
import { failWithFirst, partitionName } from '../output/outcomes.ts';

interface Options extends ConnectionOptions {
  readonly to: ResetTarget;
  readonly topic?: readonly TopicOrPartition[];
  readonly dryRun: boolean;
}

export function registerGroupResetOffsets(parent: Command, context: CommandContext): void {
  parent
    .command('reset-offsets')
    .description('move the committed offsets of a group without members')
    .argument('<group>', 'the group')
    .requiredOption(
      '--to <position>',
      'earliest, latest, an offset, an ISO time, @ with milliseconds since the Unix epoch, +N or -N records from what is committed, or a duration before now: 90s, 15m, 2h, 7d',
      resetTarget,
    )
    .option('--topic <topic[/partition]>', 'only of these; may be repeated (default: all that are committed)', collected(topicOrPartition))
    .option('--dry-run', 'only show what would be committed', false)
    .action((groupId: string, _local: unknown, command: Command) => reset(context, groupId, optionsOf<Options>(command)));
}

async function reset(context: CommandContext, groupId: string, options: Options): Promise<void> {
  await context.withClient(options, async (moldau) => {
    const { dryRun } = options;
    const outcomes = await moldau.admin().resetGroupOffsets(groupId, options.to, { dryRun, partitions: byTopic(options.topic ?? []) });
    const done = outcomes.filter(({ error }) => error === undefined);
    const json = done.map(({ topic, partition, from, to }) => ({ topic, partition, from, to, reset: !dryRun }));
    await print(context, options.output, json, {
      head: ['PARTITION', 'FROM', dryRun ? 'WOULD BE' : 'TO'],
      rows: done.map((outcome) => [partitionName(outcome), String(outcome.from ?? '-'), String(outcome.to ?? '-')]),
    });
    failWithFirst(context, outcomes);
  });
}
