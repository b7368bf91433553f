import type { DescribedGroup, PartitionLag } from '@moldau/client';
import type { Command } from 'commander';
import { type CommandContext, type ConnectionOptions, optionsOf } from '../context.ts';
import { describeOne } from '../groups/describe-one.ts';
import { writeJson } from '../output/format.ts';
import { partitionName } from '../output/outcomes.ts';
import { writeTable } from '../output/table.ts';

/** In place of what is not known. */
const UNKNOWN = '-';

export function registerGroupDescribe(parent: Command, context: CommandContext): void {
  parent
    .command('describe')
    .description('show how far a group has come, and how far behind it is')
    .argument('<group>', 'the group')
    .action((groupId: string, _local: unknown, command: Command) => describe(context, groupId, optionsOf<ConnectionOptions>(command)));
}

async function describe(context: CommandContext, groupId: string, options: ConnectionOptions): Promise<void> {
  await context.withClient(options, async (moldau) => {
    const group = await describeOne(moldau, groupId);
    if (options.output === 'json') {
      await writeJson(context.terminal, group);
      return;
    }
    await context.terminal.write(summary(group));
    if (group.partitions.length === 0) return;
    await context.terminal.write('\n');
    const head = ['PARTITION', 'COMMITTED', 'END', 'LAG', 'BEHIND', 'MEMBER'];
    await writeTable(context.terminal, head, group.partitions.map(row));
  });
}

function summary(group: DescribedGroup): string {
  const { groupId, state, members, assignor, shard, coordinatorId, partitions, emptySinceMs } = group;
  const lag = partitions.reduce((sum, { lagRecords = 0 }) => sum + lagRecords, 0);
  const since = emptySinceMs === undefined ? '' : ` since ${new Date(emptySinceMs).toISOString()}`;
  const lines = [
    `group        ${groupId}`,
    `state        ${state}${since}`,
    `members      ${members.length}`,
    `assignor     ${assignor === '' ? UNKNOWN : assignor}`,
    `coordinator  ${coordinatorId} (shard ${shard})`,
    `lag          ${lag} records`,
  ];
  return `${lines.join('\n')}\n`;
}

function row(lag: PartitionLag): string[] {
  const number = (value: number | undefined): string => (value === undefined ? UNKNOWN : String(value));
  const behind = lag.lagMs === undefined ? UNKNOWN : `${(lag.lagMs / 1000).toFixed(1)} s`;
  const name = partitionName({ topic: lag.topic === '' ? lag.topicId : lag.topic, partition: lag.partition });
  return [name, number(lag.committedOffset), number(lag.endOffset), number(lag.lagRecords), behind, lag.memberId ?? UNKNOWN];
}
