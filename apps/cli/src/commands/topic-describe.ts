import type { Moldau } from '@moldau/client';
import type { Command } from 'commander';
import { type CommandContext, type ConnectionOptions, optionsOf } from '../context.ts';
import { writeJson } from '../output/format.ts';
import { writeTable } from '../output/table.ts';

export function registerTopicDescribe(parent: Command, context: CommandContext): void {
  parent
    .command('describe')
    .description('show a topic: its settings, and leader, replicas and offsets of each partition')
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

interface PartitionRow {
  readonly partition: number;
  readonly leader: number | null;
  readonly leaderEpoch: number;
  readonly replicas: readonly number[];
  readonly inSyncReplicas: readonly number[];
  readonly startOffset: number | null;
  readonly endOffset: number | null;
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
  const queries = topic.partitions.map(({ partition }) => ({ topic: name, partition }));
  const [starts, ends] = await Promise.all([
    admin.listOffsets(queries.map((query) => ({ ...query, position: 'earliest' as const }))),
    admin.listOffsets(queries.map((query) => ({ ...query, position: 'latest' as const }))),
  ]);
  const partitions = topic.partitions.map((partition, index) => ({
    partition: partition.partition,
    leader: partition.leaderId ?? null,
    leaderEpoch: partition.leaderEpoch,
    replicas: partition.replicaIds,
    inSyncReplicas: partition.inSyncReplicaIds,
    startOffset: starts[index]?.offset ?? null,
    endOffset: ends[index]?.offset ?? null,
  }));
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
    ['PARTITION', 'LEADER', 'EPOCH', 'REPLICAS', 'IN SYNC', 'START', 'END'],
    topic.partitions.map((row) => [
      String(row.partition),
      String(row.leader ?? 'none'),
      String(row.leaderEpoch),
      row.replicas.join(','),
      row.inSyncReplicas.join(','),
      String(row.startOffset ?? '?'),
      String(row.endOffset ?? '?'),
    ]),
  );
}
