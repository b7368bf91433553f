import type { Command } from 'commander';
import { type CommandContext, type ConnectionOptions, optionsOf, print } from '../context.ts';
import { collected, type TopicOrPartition, topicOrPartition } from '../input/partitions.ts';
import { failWithFirst } from '../output/outcomes.ts';
import { timeText } from '../output/time-text.ts';
import { allPartitions, partitionsOf } from '../placement/partitions-of.ts';

export function registerTransactionFindHanging(parent: Command, context: CommandContext): void {
  parent
    .command('find-hanging')
    .description('show transactions that are open in partitions and that no coordinator knows: no timeout ends them')
    .argument('[partition...]', 'TOPIC or TOPIC/PARTITION (default: all of the namespace)', collected(topicOrPartition))
    .action((places: readonly TopicOrPartition[] | undefined, _local: unknown, command: Command) =>
      find(context, places ?? [], optionsOf<ConnectionOptions>(command)),
    );
}

async function find(context: CommandContext, places: readonly TopicOrPartition[], options: ConnectionOptions): Promise<void> {
  await context.withClient(options, async (moldau) => {
    const admin = moldau.admin();
    const partitions = places.length === 0 ? await allPartitions(admin) : await partitionsOf(admin, places);
    const { hanging, failed } = await admin.findHangingTransactions(partitions);
    await print(context, options.output, hanging, {
      head: ['TOPIC', 'PARTITION', 'START OFFSET', 'PRODUCER', 'EPOCH', 'LAST BATCH'],
      rows: hanging.map(({ topic, partition, startOffset, producerId, producerEpoch, lastTimestampMs }) => [
        ...[topic, String(partition), String(startOffset), String(producerId), String(producerEpoch)],
        timeText(lastTimestampMs),
      ]),
    });
    failWithFirst(context, failed);
  });
}
