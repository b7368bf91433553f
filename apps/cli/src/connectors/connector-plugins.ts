import type { Command } from 'commander';
import { optionsOf, print } from '../context.ts';
import type { ConnectorCommands, ConnectorOptions } from './connector.ts';

interface PluginClass {
  readonly class: string;
  readonly type: string;
  readonly version: string;
}

interface PluginField {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  readonly default_value: string | null;
  readonly documentation: string;
}

/** `plugins`: what connectors may be of, and the settings of one class. */
export function registerConnectorPlugins({ context, command, client }: ConnectorCommands): void {
  command('plugins', 'list the classes that connectors may be of, or the settings of one')
    .argument('[class]', 'a class')
    .action(async (className: string | undefined, _local: unknown, self: Command) => {
      const options = optionsOf<ConnectorOptions>(self);
      if (className === undefined) {
        const { body } = await client(options).call<readonly PluginClass[]>('GET', '/connector-plugins');
        const rows = body.map(({ class: name, type, version }) => [name, type, version]);
        return print(context, options.output, body, { head: ['CLASS', 'TYPE', 'VERSION'], rows });
      }
      const path = `/connector-plugins/${encodeURIComponent(className)}/config`;
      const { body } = await client(options).call<readonly PluginField[]>('GET', path);
      const rows = body.map(({ name, type, required, default_value: value, documentation }) => [
        name,
        type,
        required ? 'required' : (value ?? ''),
        documentation,
      ]);
      return print(context, options.output, body, { head: ['SETTING', 'TYPE', 'DEFAULT', 'WHAT IT IS'], rows });
    });
}
