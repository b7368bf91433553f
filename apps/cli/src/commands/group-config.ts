import type { Command } from 'commander';
import { registerConfig } from '../config/config-command.ts';
import type { CommandContext } from '../context.ts';

export function registerGroupConfig(parent: Command, context: CommandContext): void {
  registerConfig(parent, context, {
    kind: 'group',
    argument: 'the group; it may begin later',
    description:
      "show a group's settings, or change them: assignor, session timeout, heartbeat and processing interval, size, retention of offsets",
    resource: (group) => ({ group }),
  });
}
