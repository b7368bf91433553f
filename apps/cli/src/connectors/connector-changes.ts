import { type Command, InvalidArgumentError } from 'commander';
import { optionsOf } from '../context.ts';
import { writeJson } from '../output/format.ts';
import type { ConnectorCommands, ConnectorOptions } from './connector.ts';
import { type ConnectorFile, readConnectorFile } from './connector-file.ts';
import type { ConnectorInfo } from './worker-client.ts';

interface Options extends ConnectorOptions {
  readonly file?: string;
  readonly config: Readonly<Record<string, string>>;
  readonly state?: string;
}

interface Validation {
  readonly error_count: number;
  readonly configs: readonly { readonly value: { readonly name: string; readonly errors: readonly string[] } }[];
}

/** `create`, `apply`, `validate`, `delete`. */
export function registerConnectorChanges(commands: ConnectorCommands): void {
  registerCreate(commands);
  registerApply(commands);
  registerValidate(commands);
  registerDelete(commands);
}

function registerCreate({ context, command, client }: ConnectorCommands): void {
  command('create', 'make a connector; it is an error when there is one of its name')
    .argument('[name]', 'its name, where there is no file')
    .option('-c, --config <key=value>', 'a setting; as often as needed', setting, {})
    .option('-f, --file <path>', 'a file with name and settings: JSON, or lines of key=value')
    .option('--state <state>', 'running, paused or stopped (default: running)', initialState)
    .action(async (name: string | undefined, _local: unknown, self: Command) => {
      const options = optionsOf<Options>(self);
      const made: ConnectorInfo[] = [];
      for (const { name: given, config } of connectorsOf(name, options, self)) {
        const body = { name: given, config, ...(options.state === undefined ? {} : { initial_state: options.state }) };
        const answer = await client(options).call<ConnectorInfo>('POST', '/connectors', body);
        made.push(answer.body);
        if (options.output === 'table') await context.terminal.write(`connector ${given} is made\n`);
      }
      if (options.output === 'json') await writeJson(context.terminal, made);
    });
}

function registerApply({ context, command, client }: ConnectorCommands): void {
  command('apply', 'make connectors as files describe them, or change those that are there; nothing happens where nothing differs')
    .argument('[name]', 'its name, where there is no file')
    .option('-c, --config <key=value>', 'a setting; as often as needed', setting, {})
    .option('-f, --file <path>', 'a file with names and settings: JSON, or lines of key=value')
    .action(async (name: string | undefined, _local: unknown, self: Command) => {
      const options = optionsOf<Options>(self);
      const applied: (ConnectorInfo & { readonly created: boolean })[] = [];
      for (const { name: given, config } of connectorsOf(name, options, self)) {
        const { status, body } = await client(options).call<ConnectorInfo>(
          'PUT',
          `/connectors/${encodeURIComponent(given)}/config`,
          config,
        );
        applied.push({ ...body, created: status === 201 });
        if (options.output === 'table') await context.terminal.write(`connector ${given} is ${status === 201 ? 'made' : 'as described'}\n`);
      }
      if (options.output === 'json') await writeJson(context.terminal, applied);
    });
}

function registerValidate({ context, command, client }: ConnectorCommands): void {
  command('validate', 'show what is wrong with settings, all of it, without making anything; ends with 1 when something is')
    .argument('[name]', 'a name, where there is no file')
    .option('-c, --config <key=value>', 'a setting; as often as needed', setting, {})
    .option('-f, --file <path>', 'a file with names and settings: JSON, or lines of key=value')
    .action(async (name: string | undefined, _local: unknown, self: Command) => {
      const options = optionsOf<Options>(self);
      const found: { readonly name: string; readonly errors: readonly { readonly field: string; readonly error: string }[] }[] = [];
      for (const { name: given, config } of connectorsOf(name, options, self)) {
        const kind = config['connector.class'];
        const path = `/connector-plugins/${encodeURIComponent(typeof kind === 'string' ? kind : '-')}/config/validate`;
        const { body } = await client(options).call<Validation>('PUT', path, { name: given, ...config });
        const errors = body.configs.flatMap(({ value }) => value.errors.map((error) => ({ field: value.name, error })));
        found.push({ name: given, errors });
        if (options.output === 'json') continue;
        await context.terminal.write(errors.length === 0 ? `${given}: nothing is wrong\n` : `${given}: ${errors.length} errors\n`);
        for (const { field, error } of errors) await context.terminal.write(`  ${field}: ${error}\n`);
      }
      if (options.output === 'json') await writeJson(context.terminal, found);
      if (found.some(({ errors }) => errors.length > 0)) context.endWith(1);
    });
}

function registerDelete({ context, command, client }: ConnectorCommands): void {
  command('delete', 'end connectors and forget them; what they have read or written stays, and so do their offsets')
    .argument('<name...>', 'the connectors')
    .action(async (names: string[], _local: unknown, self: Command) => {
      const options = optionsOf<ConnectorOptions>(self);
      for (const name of names) {
        await client(options).call('DELETE', `/connectors/${encodeURIComponent(name)}`);
        if (options.output === 'table') await context.terminal.write(`connector ${name} is deleted\n`);
      }
      if (options.output === 'json')
        await writeJson(
          context.terminal,
          names.map((name) => ({ name, deleted: true })),
        );
    });
}

/** From a file, or from the command line. */
function connectorsOf(name: string | undefined, { file, config }: Options, self: Command): readonly ConnectorFile[] {
  const hasSettings = Object.keys(config).length > 0;
  if (file !== undefined && name === undefined && !hasSettings) return readConnectorFile(file);
  if (file === undefined && name !== undefined && hasSettings) return [{ name, config }];
  return self.error('error: give a file by -f, or a name and its settings by -c, and not both', { exitCode: 2 });
}

function setting(text: string, before: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const at = text.indexOf('=');
  if (at <= 0) throw new InvalidArgumentError(`'${text}' is not key=value.`);
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}

function initialState(text: string): string {
  const state = text.toUpperCase();
  if (state !== 'RUNNING' && state !== 'PAUSED' && state !== 'STOPPED')
    throw new InvalidArgumentError(`'${text}' is not running, paused or stopped.`);
  return state;
}
