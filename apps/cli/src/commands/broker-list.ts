import type { Command } from 'commander';
import { type CommandContext, type ConnectionOptions, optionsOf, print } from '../context.ts';

export function registerBrokerList(parent: Command, context: CommandContext): void {
  parent
    .command('list')
    .description('list the registered brokers, those that are fenced among them')
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
        broker.fenced ? 'fenced' : 'unfenced',
        String(broker.brokerEpoch),
        broker.softwareVersion,
      ]),
    });
  });
}
