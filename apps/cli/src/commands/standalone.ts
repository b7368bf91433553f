import type { Command } from 'commander';
import { type CommandContext, optionsOf } from '../context.ts';
import { wholeNumber } from '../input/values.ts';
import type { OutputFormat } from '../output/format.ts';

interface Options {
  readonly data: string;
  readonly host: string;
  readonly port: number;
  readonly adminPort: number;
  readonly output: OutputFormat;
}

const PORT_MAX = 65_535;

export function registerStandalone(program: Command, context: CommandContext): void {
  program
    .command('standalone')
    .description('run all services in one process: one broker, one coordinator, embedded metadata')
    .requiredOption('--data <dir>', 'the data directory; made when it is missing')
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--port <n>', 'port for clients; 0: any free one', wholeNumber(0, PORT_MAX), 9092)
    .option('--admin-port <n>', 'port for /metrics, /healthz, /readyz and /loglevel; 0: any free one', wholeNumber(0, PORT_MAX), 9094)
    .action(async (_local: unknown, command: Command) => {
      // The server's code loads only when it is asked for.
      const { runStandaloneProcess } = await import('@moldau/standalone-app');
      const { data, host, port, adminPort, output } = optionsOf<Options>(command);
      await runStandaloneProcess({ dataDir: data, host, port, adminPort, output, announce: (line) => context.terminal.write(line) });
    });
}
