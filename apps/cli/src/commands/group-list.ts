import type { ListedGroup } from '@moldau/client';
import type { Command } from 'commander';
import { type CommandContext, type ConnectionOptions, optionsOf, print } from '../context.ts';

export function registerGroupList(parent: Command, context: CommandContext): void {
  parent
    .command('list')
    .description('list the consumer groups of the namespace')
    .action((_local: unknown, command: Command) => list(context, optionsOf<ConnectionOptions>(command)));
}

async function list(context: CommandContext, options: ConnectionOptions): Promise<void> {
  await context.withClient(options, async (moldau) => {
    const groups: ListedGroup[] = [];
    for await (const group of moldau.admin().listGroups()) groups.push(group);
    await print(context, options.output, groups, {
      head: ['GROUP', 'TYPE', 'STATE', 'MEMBERS'],
      rows: groups.map(({ groupId, type, state, members }) => [groupId, type, state, String(members)]),
    });
  });
}
