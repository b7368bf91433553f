import type { Command } from 'commander';
import { type CommandContext, type ConnectionOptions, optionsOf } from '../context.ts';
import { EXIT_CODES } from '../exit-code.ts';
import { assessHealth, type HealthReport } from '../health/assess-health.ts';
import { type PartitionState, readPartitions } from '../health/partition-state.ts';
import { writeJson } from '../output/format.ts';

/** Partitions that the table names of each kind; JSON names all. */
const NAMED_MAX = 10;

export function registerClusterHealth(cluster: Command, context: CommandContext): void {
  cluster
    .command('health')
    .description(
      'tell what is wrong with the cluster: no controller, brokers that are fenced, partitions without a leader, with fewer replicas ' +
        `in sync than min.insync.replicas or than they have; exit code 0 when nothing is, ${EXIT_CODES.unhealthy.code} when something is`,
    )
    .action((_local: unknown, command: Command) => health(context, optionsOf<ConnectionOptions>(command)));
}

async function health(context: CommandContext, options: ConnectionOptions): Promise<void> {
  await context.withClient(options, async (moldau) => {
    const admin = moldau.admin();
    const report = assessHealth(await admin.describeCluster(), await readPartitions(admin));
    if (!report.healthy) context.endWith(EXIT_CODES.unhealthy.code);
    if (options.output === 'json') return writeJson(context.terminal, report);
    await context.terminal.write(`${render(report).join('\n')}\n`);
  });
}

function render({ healthy, clusterId, controller, brokers, topics, partitions }: HealthReport): readonly string[] {
  const { unfenced, fenced } = brokers;
  return [
    `cluster ${clusterId} is ${healthy ? 'healthy' : 'not healthy'}`,
    `controller          ${controller ?? 'none'}`,
    `brokers             ${unfenced.length} unfenced, ${fenced.length} fenced${fenced.length === 0 ? '' : `: ${fenced.join(', ')}`}`,
    `partitions          ${partitions.total} of ${topics} topics`,
    `  without leader    ${counted(partitions.withoutLeader)}`,
    `  under min ISR     ${counted(partitions.underMinIsr)}`,
    `  under-replicated  ${counted(partitions.underReplicated)}`,
  ];
}

function counted(states: readonly PartitionState[]): string {
  if (states.length === 0) return '0';
  const named = states.slice(0, NAMED_MAX).map(({ topic, partition }) => `${topic}/${partition}`);
  return `${states.length}: ${named.join(', ')}${states.length > NAMED_MAX ? ', …' : ''}`;
}
