import type { DescribedMember } from '@moldau/client';
import type { Command } from 'commander';
import { type CommandContext, type ConnectionOptions, optionsOf, print } from '../context.ts';
import { describeOne } from '../groups/describe-one.ts';
import { partitionName } from '../output/outcomes.ts';

export function registerGroupMembers(parent: Command, context: CommandContext): void {
  parent
    .command('members')
    .description('show the members of a group, and what each holds')
    .argument('<group>', 'the group')
    .action((groupId: string, _local: unknown, command: Command) => members(context, groupId, optionsOf<ConnectionOptions>(command)));
}

async function members(context: CommandContext, groupId: string, options: ConnectionOptions): Promise<void> {
  await context.withClient(options, async (moldau) => {
    const group = await describeOne(moldau, groupId, { membersOnly: true });
    const json = group.members.map(({ metadata, ...member }) => ({ ...member, metadata: Buffer.from(metadata).toString('base64') }));
    await print(context, options.output, json, {
      head: ['MEMBER', 'INSTANCE', 'CLIENT', 'HOST', 'EPOCH', 'STATE', 'PARTITIONS'],
      rows: group.members.map(row),
    });
  });
}

function row(member: DescribedMember): string[] {
  const { memberId, instanceId, clientId, clientHost, memberEpoch, state, assigned, revoking } = member;
  // A partition that is being given up is marked.
  const partitions = [...assigned.map(partitionName), ...revoking.map((partition) => `-${partitionName(partition)}`)];
  return [memberId, instanceId ?? '-', clientId, clientHost, String(memberEpoch), state, partitions.join(' ')];
}
