import type { Command } from 'commander';
import type { CommandContext } from '../context.ts';
import { registerPartitionDescribe } from './partition-describe.ts';

export function registerPartition(program: Command, context: CommandContext): void {
  const partition = program.command('partition').description('show who leads and who follows');
  registerPartitionDescribe(partition, context);
}
