import type { TopicListing } from '@moldau/client';
import type { Command } from 'commander';
import { type CommandContext, type ConnectionOptions, optionsOf, print } from '../context.ts';

interface Options extends ConnectionOptions {
  readonly internal: boolean;
}

export function registerTopicList(parent: Command, context: CommandContext): void {
  parent
    .command('list')
    .description('list the topics of the namespace')
    .option('--internal', 'also topics where Moldau keeps its own state', false)
    .action((_local: unknown, command: Command) => list(context, optionsOf<Options>(command)));
}

async function list(context: CommandContext, options: Options): Promise<void> {
  await context.withClient(options, async (moldau) => {
    const topics: TopicListing[] = [];
    for await (const topic of moldau.admin().listTopics({ includeInternal: options.internal })) topics.push(topic);
    await print(context, options.output, topics, {
      head: ['NAME', 'PARTITIONS', 'REPLICATION', 'ID'],
      rows: topics.map((topic) => [topic.name, String(topic.partitions), String(topic.replicationFactor), topic.topicId]),
    });
  });
}
