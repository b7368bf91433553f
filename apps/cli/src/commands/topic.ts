import type { Command } from 'commander';
import type { CommandContext } from '../context.ts';
import { registerTopicAddPartitions } from './topic-add-partitions.ts';
import { registerTopicConfig } from './topic-config.ts';
import { registerTopicCreate } from './topic-create.ts';
import { registerTopicDelete } from './topic-delete.ts';
import { registerTopicDescribe } from './topic-describe.ts';
import { registerTopicList } from './topic-list.ts';

export function registerTopic(program: Command, context: CommandContext): void {
  const topic = program.command('topic').description('create, show, change and delete topics');
  registerTopicCreate(topic, context);
  registerTopicList(topic, context);
  registerTopicDescribe(topic, context);
  registerTopicDelete(topic, context);
  registerTopicAddPartitions(topic, context);
  registerTopicConfig(topic, context);
}
