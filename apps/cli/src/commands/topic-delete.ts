import type { Command } from 'commander';
import { type CommandContext, type ConnectionOptions, optionsOf } from '../context.ts';
import { writeJson } from '../output/format.ts';

interface Options extends ConnectionOptions {
  readonly dryRun: boolean;
}

export function registerTopicDelete(parent: Command, context: CommandContext): void {
  parent
    .command('delete')
    .description('delete topics with all their records')
    .argument('<name...>', 'the topics')
    .option('--dry-run', 'only check', false)
    .action((names: string[], _local: unknown, command: Command) => remove(context, names, optionsOf<Options>(command)));
}

async function remove(context: CommandContext, names: readonly string[], options: Options): Promise<void> {
  await context.withClient(options, async (moldau) => {
    const results = await moldau.admin().deleteTopics(names, { dryRun: options.dryRun });
    const what = options.dryRun ? 'would be deleted' : 'deleted';
    const done = results.filter((result) => result.error === undefined);
    if (options.output === 'json')
      await writeJson(
        context.terminal,
        done.map(({ name, topicId }) => ({ name, topicId, deleted: !options.dryRun })),
      );
    else for (const { name } of done) await context.terminal.write(`topic ${name} ${what}\n`);
    const failed = results.find((result) => result.error !== undefined);
    if (failed?.error !== undefined) throw failed.error;
  });
}
