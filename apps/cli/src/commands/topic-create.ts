import type { Command } from 'commander';
import { type CommandContext, type ConnectionOptions, optionsOf, print } from '../context.ts';
import { collectPairs, wholeNumber } from '../input/values.ts';

interface Options extends ConnectionOptions {
  readonly partitions?: number;
  readonly replicationFactor?: number;
  readonly config?: readonly (readonly [string, string])[];
  readonly ifNotExists: boolean;
  readonly dryRun: boolean;
}

export function registerTopicCreate(parent: Command, context: CommandContext): void {
  parent
    .command('create')
    .description('create a topic')
    .argument('<name>', "1–249 characters of a-z, A-Z, 0-9, '.', '_' and '-'")
    .option('--partitions <n>', "number of partitions, 1–10000 (default: the cluster's num.partitions)", wholeNumber(1, 10_000))
    .option(
      '--replication-factor <n>',
      "replicas of each partition (default: the cluster's default.replication.factor)",
      wholeNumber(1, 32),
    )
    .option('--config <name=value>', 'a setting that differs from its default; may be repeated', collectPairs)
    .option('--if-not-exists', 'do nothing when the topic exists', false)
    .option('--dry-run', 'only check', false)
    .action((name: string, _local: unknown, command: Command) => create(context, name, optionsOf<Options>(command)));
}

async function create(context: CommandContext, name: string, options: Options): Promise<void> {
  await context.withClient(options, async (moldau) => {
    const topic = {
      name,
      ...(options.partitions === undefined ? {} : { partitions: options.partitions }),
      ...(options.replicationFactor === undefined ? {} : { replicationFactor: options.replicationFactor }),
      configs: Object.fromEntries(options.config ?? []),
    };
    const [result] = await moldau.admin().createTopics([topic], { dryRun: options.dryRun });
    if (result === undefined) throw new Error('the server answered with no result');
    const exists = result.error?.reason === 'TOPIC_EXISTS' && options.ifNotExists;
    if (result.error !== undefined && !exists) throw result.error;
    const what = exists ? 'exists' : options.dryRun ? 'would be created' : 'created';
    if (options.output !== 'json') return context.terminal.write(`topic ${name} ${what}\n`);
    await print(context, 'json', { ...result, error: undefined, created: what === 'created' }, { head: [], rows: [] });
  });
}
