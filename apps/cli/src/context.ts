import { createMoldau, type Moldau } from '@moldau/client';
import type { Command } from 'commander';
import { type OutputFormat, writeJson } from './output/format.ts';
import { writeTable } from './output/table.ts';
import type { Terminal } from './terminal.ts';

/** Options every command that talks to a cluster takes. */
export interface ConnectionOptions {
  readonly bootstrap: string;
  readonly namespace?: string;
  readonly timeout: number;
  readonly output: OutputFormat;
}

/** What a command's action works with. */
export interface CommandContext {
  readonly terminal: Terminal;
  /** Has the program end with this code when the command is done; 0 otherwise. */
  endWith(code: number): void;
  readonly exitCode: number;
  /** Runs an action with a connected client and closes it whatever happens. */
  withClient(options: ConnectionOptions, action: (moldau: Moldau) => Promise<void>): Promise<void>;
}

export function createCommandContext(terminal: Terminal): CommandContext {
  let exitCode = 0;
  return {
    terminal,
    endWith: (code) => {
      exitCode = code;
    },
    get exitCode(): number {
      return exitCode;
    },
    async withClient(options, action): Promise<void> {
      const moldau = createMoldau({
        bootstrap: options.bootstrap,
        clientId: 'moldau-cli',
        requestTimeoutMs: options.timeout,
        ...(options.namespace === undefined ? {} : { namespace: options.namespace }),
      });
      try {
        await action(moldau);
      } finally {
        await moldau.close();
      }
    },
  };
}

/** Prints rows as a table or as JSON, as the user asked. */
export async function print(
  context: CommandContext,
  format: OutputFormat,
  json: unknown,
  table: { readonly head: readonly string[]; readonly rows: readonly (readonly string[])[] },
): Promise<void> {
  if (format === 'json') await writeJson(context.terminal, json);
  else await writeTable(context.terminal, table.head, table.rows);
}

/** All options of a command and of those it stands below. */
export function optionsOf<Options>(command: Command): Options {
  return command.optsWithGlobals<Options & Record<string, unknown>>();
}
