import type { Command } from 'commander';
import type { CommandContext } from '../context.ts';
import { registerClusterDescribe } from './cluster-describe.ts';
import { registerClusterDown } from './cluster-down.ts';
import { registerClusterHealth } from './cluster-health.ts';
import { registerClusterUp } from './cluster-up.ts';

export function registerCluster(program: Command, context: CommandContext): void {
  const cluster = program.command('cluster').description('show a cluster and its health; start and end one on this machine');
  registerClusterDescribe(cluster, context);
  registerClusterHealth(cluster, context);
  registerClusterUp(cluster, context);
  registerClusterDown(cluster, context);
}
