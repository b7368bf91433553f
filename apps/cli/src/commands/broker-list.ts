import type { Command } from 'commander';
import { type CommandContext, type ConnectionOptions, optionsOf, print } from '../context.ts';
import { brokerState } from '../output/broker-state.ts';

export function registerBrokerList(parent: Command, context: CommandContext): void {
  parent
    .command('list')
    .description('list the registered brokers, and how each is: fenced, cordoned, draining, about to stop, with a slow disk')
    .action((_local: unknown, command: Command) => list(context, optionsOf<ConnectionOptions>(command)));
}

async function list(context: CommandContext, options: ConnectionOptions): Promise<void> {
  await context.withClient(options, async (moldau) => {
    const { brokers } = await moldau.admin().describeCluster();
    await print(context, options.output, brokers, {
      head: ['BROKER', 'ADDRESS', 'RACK', 'STATE', 'EPOCH', 'VERSION'],
      rows: brokers.map((broker) => [
        String(broker.brokerId),
        `${broker.host}:${broker.port}`,
        broker.rack ?? '-',
        brokerState(broker),
        String(broker.brokerEpoch),
        broker.softwareVersion,
      ]),
    });
  });
}
