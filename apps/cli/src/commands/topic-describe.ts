import type { Moldau, ReplicaStanding } from '@moldau/client';
import type { Command } from 'commander';
import { type CommandContext, type ConnectionOptions, optionsOf } from '../context.ts';
import { type PartitionState, readPartitions } from '../health/partition-state.ts';
import { lagText, readReplicas, replicaStandings } from '../health/replica-lag.ts';
import { writeJson } from '../output/format.ts';
import { writeTable } from '../output/table.ts';

export function registerTopicDescribe(parent: Command, context: CommandContext): void {
  parent
    .command('describe')
    .description(
      'show a topic: its settings, and of each partition the leader, the replicas, which of them are in sync, which others may lead (ELR), how ' +
        'many records each follower lacks, offsets and size',
    )
    .argument('<name...>', 'the topics')
    .action((names: string[], _local: unknown, command: Command) => describe(context, names, optionsOf<ConnectionOptions>(command)));
}

async function describe(context: CommandContext, names: readonly string[], options: ConnectionOptions): Promise<void> {
  await context.withClient(options, async (moldau) => {
    const topics = [];
    for (const name of names) topics.push(await describeOne(moldau, name));
    if (options.output === 'json') return writeJson(context.terminal, topics);
    for (const topic of topics) await writeTopic(context, topic);
  });
}

interface PartitionRow extends PartitionState {
  readonly startOffset: number | null;
  readonly endOffset: number | null;
  readonly sizeBytes: number | null;
  /** As the leader sees them; null while there is none that answers. */
  readonly replicaStates: readonly ReplicaStanding[] | null;
  readonly lag: string;
}

interface DescribedTopic {
  readonly name: string;
  readonly topicId: string;
  readonly replicationFactor: number;
  readonly configs: Readonly<Record<string, string>>;
  readonly partitions: readonly PartitionRow[];
}

async function describeOne(moldau: Moldau, name: string): Promise<DescribedTopic> {
  const admin = moldau.admin();
  const [topic] = await admin.describeTopics([name]);
  if (topic === undefined) throw new Error('the server answered with no result');
  if (topic.error !== undefined) throw topic.error;
  const states = await readPartitions(admin, [name]);
  const leds = await readReplicas(admin, states);
  const partitions = states.map((state): PartitionRow => {
    const led = leds.get(state);
    return {
      ...state,
      startOffset: led?.logStartOffset ?? null,
      endOffset: led?.highWatermark ?? null,
      sizeBytes: led?.sizeBytes ?? null,
      replicaStates: replicaStandings(led),
      lag: lagText(led),
    };
  });
  return { name: topic.name, topicId: topic.topicId, replicationFactor: topic.replicationFactor, configs: topic.configs, partitions };
}

async function writeTopic(context: CommandContext, topic: DescribedTopic): Promise<void> {
  const configs = Object.entries(topic.configs).map(([name, value]) => `${name}=${value}`);
  await context.terminal.write(
    `topic ${topic.name}  id ${topic.topicId}  partitions ${topic.partitions.length}  replication ${topic.replicationFactor}\n` +
      `settings: ${configs.length === 0 ? 'all default' : configs.join(', ')}\n`,
  );
  await writeTable(
    context.terminal,
    ['PARTITION', 'LEADER', 'EPOCH', 'REPLICAS', 'IN SYNC', 'ELR', 'LAG', 'START', 'END', 'BYTES'],
    topic.partitions.map((row) => [
      String(row.partition),
      String(row.leader ?? 'none'),
      String(row.leaderEpoch),
      row.replicas.join(','),
      row.inSyncReplicas.join(','),
      row.eligibleLeaderReplicas.join(',') || '-',
      row.lag,
      ...[row.startOffset, row.endOffset, row.sizeBytes].map((value) => String(value ?? '?')),
    ]),
  );
}
