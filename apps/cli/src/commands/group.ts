import type { Command } from 'commander';
import type { CommandContext } from '../context.ts';
import { registerGroupDelete } from './group-delete.ts';
import { registerGroupDescribe } from './group-describe.ts';
import { registerGroupList } from './group-list.ts';
import { registerGroupMembers } from './group-members.ts';
import { registerGroupResetOffsets } from './group-reset-offsets.ts';

export function registerGroup(program: Command, context: CommandContext): void {
  const group = program.command('group').description('show consumer groups, delete them, move their offsets');
  registerGroupList(group, context);
  registerGroupDescribe(group, context);
  registerGroupMembers(group, context);
  registerGroupDelete(group, context);
  registerGroupResetOffsets(group, context);
}
