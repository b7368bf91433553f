import { type Command, Option } from 'commander';
import { type CommandContext, type ConnectionOptions, optionsOf, print } from '../context.ts';
import { writeJson } from '../output/format.ts';
import { registerConnectorChanges } from './connector-changes.ts';
import { registerConnectorOffsets } from './connector-offsets.ts';
import { registerConnectorPlugins } from './connector-plugins.ts';
import { registerConnectorStates } from './connector-states.ts';
import { type ConnectorStatus, type RunStatus, WorkerClient } from './worker-client.ts';

const WORKER_DEFAULT = '127.0.0.1:8083';

export interface ConnectorOptions extends ConnectionOptions {
  readonly worker: string;
}

/** What the commands below share: the worker, and how they say what was done. */
export interface ConnectorCommands {
  readonly context: CommandContext;
  /** A subcommand with the options that all have. */
  command(name: string, description: string): Command;
  client(options: ConnectorOptions): WorkerClient;
}

export function registerConnector(program: Command, context: CommandContext): void {
  const connector = program
    .command('connector')
    .description('bring data in and out by connectors: make, change, watch and end them, by the REST API of any worker');
  const commands: ConnectorCommands = {
    context,
    command: (name, description) =>
      connector
        .command(name)
        .description(description)
        .addOption(
          new Option('--worker <host:port>', 'REST API of a worker; `cluster up --connector-workers` prints it')
            .env('MOLDAU_WORKER')
            .default(WORKER_DEFAULT),
        ),
    client: (options) => new WorkerClient(options, context.terminal.signal),
  };
  registerConnectorChanges(commands);
  registerConnectorList(commands);
  registerConnectorStatus(commands);
  registerConnectorStates(commands);
  registerConnectorOffsets(commands);
  registerConnectorPlugins(commands);
}

type Listed = Readonly<
  Record<string, { readonly status: ConnectorStatus; readonly info: { readonly config: Readonly<Record<string, string>> } }>
>;

function registerConnectorList({ context, command, client }: ConnectorCommands): void {
  command('list', 'list connectors with their states').action(async (_local: unknown, self: Command) => {
    const options = optionsOf<ConnectorOptions>(self);
    const { body } = await client(options).call<Listed>('GET', '/connectors?expand=status&expand=info');
    const rows = Object.entries(body).map(([name, { status, info }]) => [
      name,
      status.type,
      info.config['connector.class'] ?? '',
      status.connector.state,
      statesOf(status.tasks),
    ]);
    const json = Object.values(body).map(({ status, info }) => ({ ...status, config: info.config }));
    await print(context, options.output, json, { head: ['CONNECTOR', 'TYPE', 'CLASS', 'STATE', 'TASKS'], rows });
  });
}

function registerConnectorStatus({ context, command, client }: ConnectorCommands): void {
  command('status', 'show what a connector and its tasks do, where, and why they do not')
    .argument('<name>', 'the connector')
    .action(async (name: string, _local: unknown, self: Command) => {
      const options = optionsOf<ConnectorOptions>(self);
      const { body } = await client(options).call<ConnectorStatus>('GET', `/connectors/${encodeURIComponent(name)}/status`);
      if (options.output === 'json') return writeJson(context.terminal, body);
      const row = (what: string, { state, worker_id: worker, trace }: RunStatus): string[] => [
        what,
        state,
        worker === '' ? '-' : worker,
        trace?.split('\n')[0] ?? '',
      ];
      const rows = [row('connector', body.connector), ...body.tasks.map((task) => row(`task ${task.id}`, task))];
      return print(context, options.output, body, { head: [name.toUpperCase(), 'STATE', 'WORKER', 'WHY'], rows });
    });
}

/** `3 RUNNING, 1 FAILED`. */
function statesOf(tasks: readonly RunStatus[]): string {
  const counts = new Map<string, number>();
  for (const { state } of tasks) counts.set(state, (counts.get(state) ?? 0) + 1);
  return tasks.length === 0 ? 'none' : [...counts].map(([state, count]) => `${count} ${state}`).join(', ');
}
