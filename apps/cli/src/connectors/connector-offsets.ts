import { type Command, InvalidArgumentError } from 'commander';
import { optionsOf, print } from '../context.ts';
import { writeJson } from '../output/format.ts';
import type { ConnectorCommands, ConnectorOptions } from './connector.ts';

interface Options extends ConnectorOptions {
  readonly reset: boolean;
  readonly set?: unknown;
}

interface Offsets {
  readonly offsets: readonly { readonly partition: object; readonly offset: object | null }[];
}

/** `offsets`: how far a connector has come; changed while it is stopped. */
export function registerConnectorOffsets({ context, command, client }: ConnectorCommands): void {
  command('offsets', 'show how far a connector has come, or change that while it is stopped')
    .argument('<name>', 'the connector')
    .option('--reset', 'forget them all: it begins anew', false)
    .option('--set <json>', 'some of them, in the form that `-o json` shows; offset null forgets a partition', json)
    .action(async (name: string, _local: unknown, self: Command) => {
      const options = optionsOf<Options>(self);
      const path = `/connectors/${encodeURIComponent(name)}/offsets`;
      if (options.reset && options.set !== undefined) self.error('error: --reset or --set, not both', { exitCode: 2 });
      if (options.reset || options.set !== undefined) {
        const worker = client(options);
        const { body } = await worker.call<{ readonly message: string }>(options.reset ? 'DELETE' : 'PATCH', path, options.set);
        if (options.output === 'json') return writeJson(context.terminal, body);
        return context.terminal.write(`${body.message}\n`);
      }
      const { body } = await client(options).call<Offsets>('GET', path);
      const rows = body.offsets.map(({ partition, offset }) => [JSON.stringify(partition), JSON.stringify(offset)]);
      return print(context, options.output, body, { head: ['PARTITION', 'OFFSET'], rows });
    });
}

function json(text: string): unknown {
  try {
    const parsed: unknown = JSON.parse(text);
    return Array.isArray(parsed) ? { offsets: parsed as readonly unknown[] } : parsed;
  } catch {
    throw new InvalidArgumentError('it is no JSON.');
  }
}
