import type { Command } from 'commander';
import { type CommandContext, type ConnectionOptions, optionsOf } from '../context.ts';
import { writeJson } from '../output/format.ts';

interface Options extends ConnectionOptions {
  readonly dryRun: boolean;
}

export function registerGroupDelete(parent: Command, context: CommandContext): void {
  parent
    .command('delete')
    .description('forget groups without members, and the offsets that they have committed')
    .argument('<group...>', 'the groups')
    .option('--dry-run', 'only check', false)
    .action((groupIds: string[], _local: unknown, command: Command) => remove(context, groupIds, optionsOf<Options>(command)));
}

async function remove(context: CommandContext, groupIds: readonly string[], options: Options): Promise<void> {
  await context.withClient(options, async (moldau) => {
    const results = await moldau.admin().deleteGroups(groupIds, { dryRun: options.dryRun });
    const done = results.filter(({ error }) => error === undefined);
    const what = options.dryRun ? 'would be deleted' : 'deleted';
    if (options.output === 'json')
      await writeJson(
        context.terminal,
        done.map(({ groupId }) => ({ groupId, deleted: !options.dryRun })),
      );
    else for (const { groupId } of done) await context.terminal.write(`group ${groupId} ${what}\n`);
    const failed = results.find(({ error }) => error !== undefined);
    if (failed?.error !== undefined) throw failed.error;
  });
}
