import type { Command } from 'commander';
import type { CommandContext } from '../context.ts';
import { registerGroupConfig } from './group-config.ts';
import { registerGroupDelete } from './group-delete.ts';
import { registerGroupDeleteOffsets } from './group-delete-offsets.ts';
import { registerGroupDescribe } from './group-describe.ts';
import { registerGroupList } from './group-list.ts';
import { registerGroupMembers } from './group-members.ts';
import { registerGroupResetOffsets } from './group-reset-offsets.ts';

export function registerGroup(program: Command, context: CommandContext): void {
  const group = program.command('group').description('show consumer groups, configure and delete them, move their offsets');
  registerGroupList(group, context);
  registerGroupDescribe(group, context);
  registerGroupMembers(group, context);
  registerGroupConfig(group, context);
  registerGroupDelete(group, context);
  registerGroupDeleteOffsets(group, context);
  registerGroupResetOffsets(group, context);
}
