import type { Command } from 'commander';
import type { CommandContext } from '../context.ts';
import { registerBrokerCordon, registerBrokerUncordon } from './broker-cordon.ts';
import { registerBrokerDrain } from './broker-drain.ts';
import { registerBrokerList } from './broker-list.ts';
import { registerBrokerRemove } from './broker-remove.ts';
import { registerBrokerScale } from './broker-scale.ts';

export function registerBroker(program: Command, context: CommandContext): void {
  const broker = program.command('broker').description('show the brokers; take one out of use');
  registerBrokerList(broker, context);
  registerBrokerCordon(broker, context);
  registerBrokerUncordon(broker, context);
  registerBrokerDrain(broker, context);
  registerBrokerRemove(broker, context);
  registerBrokerScale(broker, context);
}
