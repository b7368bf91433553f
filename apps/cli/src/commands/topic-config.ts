import type { Command } from 'commander';
import { registerConfig } from '../config/config-command.ts';
import type { CommandContext } from '../context.ts';

export function registerTopicConfig(parent: Command, context: CommandContext): void {
  registerConfig(parent, context, {
    kind: 'topic',
    argument: 'the topic',
    description: "show a topic's settings, or change them",
    resource: (topic) => ({ topic }),
  });
}
