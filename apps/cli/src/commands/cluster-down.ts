import type { MemberEnding } from '@moldau/local-cluster';
import type { Command } from 'commander';
import { type CommandContext, optionsOf } from '../context.ts';
import { type OutputFormat, writeJson } from '../output/format.ts';
import { CLUSTER_DIRECTORY_DEFAULT } from './cluster-directory.ts';

interface Options {
  readonly data: string;
  readonly force: boolean;
  readonly output: OutputFormat;
}

export function registerClusterDown(cluster: Command, context: CommandContext): void {
  cluster
    .command('down')
    .description('end a cluster that `cluster up` started: brokers first, then coordinators, then etcd; its data stays')
    .option('--data <dir>', 'directory of the cluster', CLUSTER_DIRECTORY_DEFAULT)
    .option('--force', 'kill -9 instead of asking', false)
    .action((_local: unknown, command: Command) => down(context, optionsOf<Options>(command)));
}

async function down({ terminal }: CommandContext, { data, force, output }: Options): Promise<void> {
  const { LocalCluster, withDirectoryLock } = await import('@moldau/local-cluster');
  // Before the lock, which would make the directory.
  const known = LocalCluster.find(data) !== undefined;
  const endings = known ? await withDirectoryLock(data, async () => (await LocalCluster.find(data)?.down({ force })) ?? []) : [];
  const named = (how: MemberEnding['how']): readonly string[] => endings.filter((ending) => ending.how === how).map(({ name }) => name);
  const [stopped, killed] = [named('stopped'), named('killed')];
  if (output === 'json') return writeJson(terminal, { stopped, killed });
  const lines = [
    ...(stopped.length === 0 ? [] : [`stopped ${stopped.join(', ')}`]),
    ...(killed.length === 0 ? [] : [`killed ${killed.join(', ')}`]),
  ];
  await terminal.write(`${lines.length === 0 ? `no cluster runs in ${data}` : lines.join('\n')}\n`);
}
