import { setTimeout as sleep } from 'node:timers/promises';
import type { Admin, DescribedCluster } from '@moldau/client';
import { MoldauError } from '@moldau/kernel';
import { type Command, InvalidArgumentError } from 'commander';
import { type CommandContext, type ConnectionOptions, optionsOf } from '../context.ts';
import { EXIT_CODES } from '../exit-code.ts';
import { assessHealth, type HealthReport, waitingHelps } from '../health/assess-health.ts';
import { type PartitionState, readPartitions } from '../health/partition-state.ts';
import { brokerId } from '../input/partitions.ts';
import { wholeNumber } from '../input/values.ts';
import { writeJson } from '../output/format.ts';

/** Partitions that the table names of each kind; JSON names all. */
const NAMED_MAX = 10;
/** Longest wait: what waits is about to be stopped, by somebody who waits for that. */
const WAIT_MS_MAX = 3_600_000;
const POLL_MS = 1_000;

interface Options extends ConnectionOptions {
  readonly safeToStop?: number;
  readonly wait?: number;
}

export function registerClusterHealth(cluster: Command, context: CommandContext): void {
  cluster
    .command('health')
    .description(
      'tell what is wrong with the cluster: no controller, brokers that are fenced and were not drained, partitions without a leader, with fewer replicas ' +
        `in sync than min.insync.replicas or than they have; exit code 0 when nothing is, ${EXIT_CODES.unhealthy.code} when something is`,
    )
    .option(
      '--safe-to-stop <id>',
      `whether this broker may be stopped: exit code 0 when every partition is then still led and takes records with acks=all, ${EXIT_CODES.unhealthy.code} when not`,
      brokerId,
    )
    .option(
      '--wait <ms>',
      'with --safe-to-stop: ask again until it may, at most so long; ends at once when no waiting helps, because a partition has too few replicas',
      wholeNumber(1, WAIT_MS_MAX),
    )
    .action((_local: unknown, command: Command) => health(context, optionsOf<Options>(command)));
}

async function health(context: CommandContext, options: Options): Promise<void> {
  const { safeToStop: asked } = options;
  if (options.wait !== undefined && asked === undefined) {
    throw new InvalidArgumentError('--wait goes with --safe-to-stop: it waits until that broker may be stopped');
  }
  await context.withClient(options, async (moldau) => {
    const judged = await judge(context, moldau.admin(), options);
    if (!judged.well) context.endWith(EXIT_CODES.unhealthy.code);
    if (options.output === 'json') return writeJson(context.terminal, judged.report);
    await context.terminal.write(`${render(judged.report).join('\n')}\n`);
  });
}

interface Judgement {
  readonly report: HealthReport;
  /** Nothing is wrong; with --safe-to-stop, that the broker may be stopped. */
  readonly well: boolean;
}

/** Asks once, or with --wait until the broker may be stopped, nothing can change that, or the time is over. */
async function judge(context: CommandContext, admin: Admin, { safeToStop: asked, wait = 0 }: Options): Promise<Judgement> {
  const until = performance.now() + wait;
  for (;;) {
    const states = await readPartitions(admin);
    const cluster = await admin.describeCluster();
    const report = assessHealth(cluster, states, await retiredBrokers(admin, cluster));
    if (asked === undefined) return { report, well: report.healthy };
    const { unfenced, fenced, retired, safeToStop } = report.brokers;
    const stopped = [...fenced, ...retired];
    if (![...unfenced, ...stopped].includes(asked)) {
      throw new MoldauError('UNKNOWN_BROKER', `no broker ${asked} is registered`, { broker_id: String(asked) });
    }
    // One that is fenced has stopped already.
    const well = safeToStop.includes(asked) || stopped.includes(asked);
    if (well || performance.now() >= until || !waitingHelps(states, asked)) return { report, well };
    await sleep(POLL_MS, undefined, { signal: context.terminal.signal });
  }
}

/** Brokers that are fenced, were drained, and hold nothing in any namespace. */
async function retiredBrokers(admin: Admin, { brokers }: DescribedCluster): Promise<readonly number[]> {
  const retired: number[] = [];
  for (const { brokerId: id, fenced, draining } of brokers) {
    if (fenced && draining && (await admin.drainBroker(id, 'describe')).replicas === 0) retired.push(id);
  }
  return retired;
}

function render({ healthy, clusterId, controller, brokers, topics, partitions }: HealthReport): readonly string[] {
  const { unfenced, fenced, retired, cordoned, draining, slowDisk, safeToStop } = brokers;
  return [
    `cluster ${clusterId} is ${healthy ? 'healthy' : 'not healthy'}`,
    `controller          ${controller ?? 'none'}`,
    `brokers             ${unfenced.length} unfenced, ${fenced.length} fenced${fenced.length === 0 ? '' : `: ${fenced.join(', ')}`}`,
    ...(retired.length === 0 ? [] : [`  retired           ${retired.join(', ')}`]),
    ...(cordoned.length === 0 ? [] : [`  cordoned          ${cordoned.join(', ')}`]),
    ...(draining.length === 0 ? [] : [`  draining          ${draining.join(', ')}`]),
    ...(slowDisk.length === 0 ? [] : [`  slow disk         ${slowDisk.join(', ')}`]),
    `  safe to stop      ${safeToStop.length === 0 ? 'none' : `${safeToStop.join(', ')}${safeToStop.length > 1 ? ' (one at a time)' : ''}`}`,
    `partitions          ${partitions.total} of ${topics} topics`,
    `  without leader    ${counted(partitions.withoutLeader)}`,
    `  under min ISR     ${counted(partitions.underMinIsr)}`,
    `  under-replicated  ${counted(partitions.underReplicated)}`,
    ...(partitions.reassigning.length === 0 ? [] : [`  being moved       ${counted(partitions.reassigning)}`]),
  ];
}

function counted(states: readonly PartitionState[]): string {
  if (states.length === 0) return '0';
  const named = states.slice(0, NAMED_MAX).map(({ topic, partition }) => `${topic}/${partition}`);
  return `${states.length}: ${named.join(', ')}${states.length > NAMED_MAX ? ', …' : ''}`;
}
