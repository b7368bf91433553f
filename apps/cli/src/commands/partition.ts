import type { Command } from 'commander';
import type { CommandContext } from '../context.ts';
import { registerPartitionDescribe } from './partition-describe.ts';
import { registerPartitionElectLeader } from './partition-elect-leader.ts';
import { registerPartitionReassign } from './partition-reassign.ts';

export function registerPartition(program: Command, context: CommandContext): void {
  const partition = program.command('partition').description('show who leads and who follows; move replicas and leaders');
  registerPartitionDescribe(partition, context);
  registerPartitionReassign(partition, context);
  registerPartitionElectLeader(partition, context);
}
