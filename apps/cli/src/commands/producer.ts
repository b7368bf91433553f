import type { Command } from 'commander';
import { type CommandContext, type ConnectionOptions, optionsOf, print } from '../context.ts';
import { collected, type TopicOrPartition, topicOrPartition } from '../input/partitions.ts';
import { failWithFirst } from '../output/outcomes.ts';
import { timeText } from '../output/time-text.ts';
import { partitionsOf } from '../placement/partitions-of.ts';

interface Options extends ConnectionOptions {
  readonly open: boolean;
}

export function registerProducer(program: Command, context: CommandContext): void {
  program
    .command('producer')
    .description('show the producers that partitions remember')
    .command('describe')
    .description("show partitions' producers: id and epoch, last sequence number and batch, and where the transaction begins that is open")
    .argument('<partition...>', 'TOPIC or TOPIC/PARTITION', collected(topicOrPartition))
    .option('--open', 'only producers with a transaction open', false)
    .action((places: readonly TopicOrPartition[], _local: unknown, command: Command) =>
      describe(context, places, optionsOf<Options>(command)),
    );
}

async function describe(context: CommandContext, places: readonly TopicOrPartition[], options: Options): Promise<void> {
  await context.withClient(options, async (moldau) => {
    const admin = moldau.admin();
    const partitions = await partitionsOf(admin, places);
    const described = await admin.describeProducers(partitions);
    const producers = described.flatMap(({ topic, partition, producers: all }) =>
      all
        .filter(({ transactionStartOffset }) => !options.open || transactionStartOffset !== undefined)
        .map((producer) => ({ topic, partition, ...producer })),
    );
    await print(context, options.output, producers, {
      head: ['TOPIC', 'PARTITION', 'PRODUCER', 'EPOCH', 'LAST SEQUENCE', 'LAST BATCH', 'OPEN FROM'],
      rows: producers.map((producer) => [
        producer.topic,
        String(producer.partition),
        String(producer.producerId),
        String(producer.producerEpoch),
        String(producer.lastSequence ?? '-'),
        timeText(producer.lastTimestampMs),
        String(producer.transactionStartOffset ?? '-'),
      ]),
    });
    failWithFirst(
      context,
      described.map(({ topic, partition, error }) => ({ topic, partition, topicId: '', error })),
    );
  });
}
