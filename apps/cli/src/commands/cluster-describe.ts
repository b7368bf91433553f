import type { Command } from 'commander';
import { type CommandContext, type ConnectionOptions, optionsOf } from '../context.ts';
import { brokerState } from '../output/broker-state.ts';
import { writeJson } from '../output/format.ts';
import { writeTable } from '../output/table.ts';

export function registerClusterDescribe(cluster: Command, context: CommandContext): void {
  cluster
    .command('describe')
    .description('show brokers and how each is, coordinators, features, and how much they hold')
    .action((_local: unknown, command: Command) => describe(context, optionsOf<ConnectionOptions>(command)));
}

async function describe(context: CommandContext, options: ConnectionOptions): Promise<void> {
  await context.withClient(options, async (moldau) => {
    const cluster = await moldau.admin().describeCluster();
    if (options.output === 'json') return writeJson(context.terminal, cluster);
    await context.terminal.write(
      `cluster ${cluster.clusterId}  metadata version ${cluster.metadataVersion}  topics ${cluster.topics}  partitions ${cluster.partitions}\n`,
    );
    await writeTable(
      context.terminal,
      ['BROKER', 'ADDRESS', 'RACK', 'STATE', 'EPOCH', 'VERSION'],
      cluster.brokers.map((broker) => [
        String(broker.brokerId),
        `${broker.host}:${broker.port}`,
        broker.rack ?? '-',
        brokerState(broker),
        String(broker.brokerEpoch),
        broker.softwareVersion,
      ]),
    );
    await writeTable(
      context.terminal,
      ['COORDINATOR', 'ADDRESS', 'ROLE'],
      cluster.coordinators.map((coordinator) => [
        coordinator.coordinatorId,
        coordinator.address,
        coordinator.controller ? 'controller' : 'standby',
      ]),
    );
    const features = Object.entries(cluster.features).map(([name, level]) => `${name}=${level}`);
    if (features.length > 0) await context.terminal.write(`features: ${features.join(', ')}\n`);
  });
}
