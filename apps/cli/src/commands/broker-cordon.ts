import type { Command } from 'commander';
import { type CommandContext, type ConnectionOptions, optionsOf } from '../context.ts';
import { brokerId, collected } from '../input/partitions.ts';
import { writeJson } from '../output/format.ts';

interface Options extends ConnectionOptions {
  readonly dryRun: boolean;
}

type Verb = 'cordon' | 'uncordon';

export function registerBrokerCordon(parent: Command, context: CommandContext): void {
  register(parent, context, 'cordon', 'keep new replicas away from brokers; what they have stays and is served');
}

export function registerBrokerUncordon(parent: Command, context: CommandContext): void {
  register(parent, context, 'uncordon', 'let brokers take new replicas again; a drain of theirs ends, without taking moves back');
}

function register(parent: Command, context: CommandContext, verb: Verb, description: string): void {
  parent
    .command(verb)
    .description(description)
    .argument('<id...>', 'the brokers', collected(brokerId))
    .option('--dry-run', 'only check', false)
    .action((ids: readonly number[], _local: unknown, command: Command) => change(context, verb, ids, optionsOf<Options>(command)));
}

async function change(context: CommandContext, verb: Verb, ids: readonly number[], options: Options): Promise<void> {
  const { dryRun } = options;
  await context.withClient(options, async (moldau) => {
    const admin = moldau.admin();
    for (const id of ids) {
      await (verb === 'cordon' ? admin.cordonBroker(id, { dryRun }) : admin.uncordonBroker(id, { dryRun }));
      if (options.output !== 'json') await context.terminal.write(`broker ${id} ${dryRun ? 'would be ' : ''}${verb}ed\n`);
    }
    if (options.output !== 'json') return;
    await writeJson(
      context.terminal,
      ids.map((id) => ({ brokerId: id, cordoned: verb === 'cordon', dryRun })),
    );
  });
}
