import type { Command } from 'commander';
import { optionsOf } from '../context.ts';
import { wholeNumber } from '../input/values.ts';
import { writeJson } from '../output/format.ts';
import type { ConnectorCommands, ConnectorOptions } from './connector.ts';

interface RestartOptions extends ConnectorOptions {
  readonly task?: number;
  readonly tasks: boolean;
  readonly onlyFailed: boolean;
}

const TASK_MAX = 99_999;

/** `pause`, `resume`, `stop`, `restart`. */
export function registerConnectorStates(commands: ConnectorCommands): void {
  registerTarget(commands, 'pause', 'let its tasks rest, with what they hold', 'rests');
  registerTarget(commands, 'resume', 'let it go on after pause or stop', 'goes on');
  registerTarget(commands, 'stop', 'end its tasks; its settings and offsets stay, and may be changed then', 'is stopped');
  registerRestart(commands);
}

function registerTarget({ context, command, client }: ConnectorCommands, verb: string, description: string, done: string): void {
  command(verb, description)
    .argument('<name...>', 'the connectors')
    .action(async (names: string[], _local: unknown, self: Command) => {
      const options = optionsOf<ConnectorOptions>(self);
      for (const name of names) {
        await client(options).call('PUT', `/connectors/${encodeURIComponent(name)}/${verb}`);
        if (options.output === 'table') await context.terminal.write(`connector ${name} ${done}\n`);
      }
      if (options.output === 'json')
        await writeJson(
          context.terminal,
          names.map((name) => ({ name, asked: verb })),
        );
    });
}

function registerRestart({ context, command, client }: ConnectorCommands): void {
  command('restart', 'start a connector, all that is of it, or one task again; failed ones get their restarts back')
    .argument('<name>', 'the connector')
    .option('--task <n>', 'this task alone', wholeNumber(0, TASK_MAX))
    .option('--tasks', 'its tasks too', false)
    .option('--only-failed', 'what has failed alone', false)
    .action(async (name: string, _local: unknown, self: Command) => {
      const options = optionsOf<RestartOptions>(self);
      const { task, tasks, onlyFailed } = options;
      if (task !== undefined && (tasks || onlyFailed)) self.error('error: --task stands alone', { exitCode: 2 });
      const connector = `/connectors/${encodeURIComponent(name)}`;
      const path =
        task === undefined ? `${connector}/restart?includeTasks=${tasks}&onlyFailed=${onlyFailed}` : `${connector}/tasks/${task}/restart`;
      await client(options).call('POST', path);
      if (options.output === 'json')
        await writeJson(context.terminal, { name, restarted: true, ...(task === undefined ? { tasks, onlyFailed } : { task }) });
      else await context.terminal.write(`connector ${name}${task === undefined ? '' : `, task ${task},`} is started again\n`);
    });
}
