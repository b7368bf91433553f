import type { Command } from 'commander';
import type { CommandContext } from '../context.ts';
import { registerBrokerList } from './broker-list.ts';

export function registerBroker(program: Command, context: CommandContext): void {
  const broker = program.command('broker').description('show the brokers');
  registerBrokerList(broker, context);
}
