import type { Command } from 'commander';
import { type CommandContext, type ConnectionOptions, optionsOf, print } from '../context.ts';
import { byTopic, collected, type TopicOrPartition, topicOrPartition } from '../input/partitions.ts';
import { failWithFirst, partitionName } from '../output/outcomes.ts';

interface Options extends ConnectionOptions {
  readonly dryRun: boolean;
}

export function registerGroupDeleteOffsets(parent: Command, context: CommandContext): void {
  parent
    .command('delete-offsets')
    .description('forget what a group has committed of topics that no member subscribes to')
    .argument('<group>', 'the group')
    .argument('<partition...>', 'TOPIC or TOPIC/PARTITION', collected(topicOrPartition))
    .option('--dry-run', 'only check', false)
    .action((groupId: string, places: readonly TopicOrPartition[], _local: unknown, command: Command) =>
      remove(context, groupId, places, optionsOf<Options>(command)),
    );
}

async function remove(context: CommandContext, groupId: string, places: readonly TopicOrPartition[], options: Options): Promise<void> {
  await context.withClient(options, async (moldau) => {
    const { dryRun } = options;
    const outcomes = await moldau.admin().deleteGroupOffsets(groupId, byTopic(places), { dryRun });
    const done = outcomes.filter(({ error }) => error === undefined);
    const json = done.map(({ topic, partition }) => ({ topic, partition, deleted: !dryRun }));
    await print(context, options.output, json, {
      head: [dryRun ? 'WOULD BE DELETED' : 'DELETED'],
      rows: done.map((outcome) => [partitionName(outcome)]),
    });
    failWithFirst(context, outcomes);
  });
}
