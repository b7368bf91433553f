import type { Admin, ConfigTarget } from '@moldau/client';
import type { Command } from 'commander';
import { type CommandContext, type ConnectionOptions, optionsOf, print } from '../context.ts';
import { collectPairs } from '../input/values.ts';

interface Options extends ConnectionOptions {
  readonly set?: readonly (readonly [string, string])[];
  readonly reset?: readonly string[];
  readonly all: boolean;
  readonly dryRun: boolean;
}

/** Something that has settings, in the words of its command. */
export interface Configured {
  /** `topic`. */
  readonly kind: string;
  /** What `<name>` stands for. */
  readonly argument: string;
  readonly description: string;
  resource(name: string): ConfigTarget;
}

/** `config <name>`: shows the settings of one thing, or changes them first. */
export function registerConfig(parent: Command, context: CommandContext, configured: Configured): void {
  parent
    .command('config')
    .description(configured.description)
    .argument('<name>', configured.argument)
    .option('--set <name=value>', 'set a setting; may be repeated', collectPairs)
    .option('--reset <name>', 'put a setting back to its default; may be repeated', (name: string, before: string[] = []) => [
      ...before,
      name,
    ])
    .option('--all', 'show also the settings that have their default', false)
    .option('--dry-run', 'only check the changes', false)
    .action((name: string, _local: unknown, command: Command) => config(context, configured, name, optionsOf<Options>(command)));
}

async function config(context: CommandContext, configured: Configured, name: string, options: Options): Promise<void> {
  const changes = [
    ...(options.set ?? []).map(([key, value]) => ({ name: key, value })),
    ...(options.reset ?? []).map((key) => ({ name: key })),
  ];
  const resource = configured.resource(name);
  await context.withClient(options, async (moldau) => {
    const admin = moldau.admin();
    if (changes.length > 0) await alter(admin, resource, changes, options.dryRun);
    await show(context, admin, { resource, called: `${configured.kind} ${name}` }, options);
  });
}

async function alter(
  admin: Admin,
  resource: ConfigTarget,
  changes: readonly { name: string; value?: string }[],
  dryRun: boolean,
): Promise<void> {
  const [result] = await admin.alterConfigs([{ resource, changes }], { dryRun });
  if (result?.error !== undefined) throw result.error;
}

async function show(
  context: CommandContext,
  admin: Admin,
  { resource, called }: { readonly resource: ConfigTarget; readonly called: string },
  options: Options,
): Promise<void> {
  const [description] = await admin.describeConfigs([resource]);
  if (description === undefined) throw new Error('the server answered with no result');
  if (description.error !== undefined) throw description.error;
  const entries = description.entries.filter((entry) => options.all || options.output === 'json' || entry.source !== 'default');
  if (options.output !== 'json' && entries.length === 0)
    return context.terminal.write(`${called}: all settings have their defaults (--all shows them)\n`);
  await print(context, options.output, entries, {
    head: ['SETTING', 'VALUE', 'SOURCE', 'DEFAULT'],
    rows: entries.map((entry) => [entry.name, entry.value, entry.source, entry.defaultValue]),
  });
}
