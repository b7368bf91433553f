import { MoldauError } from '@moldau/kernel';
import type { Command } from 'commander';
import { type CommandContext, type ConnectionOptions, optionsOf, print } from '../context.ts';
import { readPartitions } from '../health/partition-state.ts';
import { lagText, readReplicas, replicaStandings } from '../health/replica-lag.ts';
import { wholeNumber } from '../input/values.ts';

interface Options extends ConnectionOptions {
  readonly partition?: number;
}

export function registerPartitionDescribe(parent: Command, context: CommandContext): void {
  parent
    .command('describe')
    .description(
      "show a topic's partitions: leader and its epoch, replicas (the preferred leader first), which of them are in sync, which others may " +
        'lead (ELR), which a reassignment adds and removes, and how many records each follower lacks',
    )
    .argument('<topic>', 'the topic')
    .option('--partition <n>', 'only this one', wholeNumber(0, 9_999))
    .action((topic: string, _local: unknown, command: Command) => describe(context, topic, optionsOf<Options>(command)));
}

async function describe(context: CommandContext, topic: string, options: Options): Promise<void> {
  const { partition: wanted } = options;
  await context.withClient(options, async (moldau) => {
    const all = await readPartitions(moldau.admin(), [topic]);
    const partitions = all.filter(({ partition }) => wanted === undefined || partition === wanted);
    if (partitions.length === 0 && wanted !== undefined) {
      const facts = { topic, partition: String(wanted), partitions: String(all.length) };
      throw new MoldauError('UNKNOWN_PARTITION', `topic '${topic}' has no partition ${wanted}`, facts);
    }
    const led = await readReplicas(moldau.admin(), partitions);
    const described = partitions.map((state) => ({ ...state, replicaStates: replicaStandings(led.get(state)) }));
    await print(context, options.output, described, {
      head: ['PARTITION', 'LEADER', 'EPOCH', 'REPLICAS', 'IN SYNC', 'ELR', 'MIN IN SYNC', 'ADDING', 'REMOVING', 'LAG'],
      rows: partitions.map((state) => [
        String(state.partition),
        String(state.leader ?? 'none'),
        String(state.leaderEpoch),
        state.replicas.join(','),
        state.inSyncReplicas.join(','),
        state.eligibleLeaderReplicas.join(',') || '-',
        String(state.minInSyncReplicas),
        state.adding.join(',') || '-',
        state.removing.join(',') || '-',
        lagText(led.get(state)),
      ]),
    });
  });
}
