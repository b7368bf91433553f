import type { Command } from 'commander';
import { type CommandContext, optionsOf } from '../context.ts';
import { wholeNumber } from '../input/values.ts';
import type { OutputFormat } from '../output/format.ts';

/** What is not given here comes from the environment, and only then from the defaults: so none of these has one. */
interface Options {
  readonly data: string;
  readonly host?: string;
  readonly port?: number;
  readonly adminPort?: number;
  readonly output: OutputFormat;
}

const PORT_MAX = 65_535;

export function registerStandalone(program: Command, context: CommandContext): void {
  program
    .command('standalone')
    .description('run all services in one process: one broker, one coordinator, embedded metadata')
    .requiredOption('--data <dir>', 'the data directory; made when it is missing')
    .option('--host <address>', 'address to listen on (default: 127.0.0.1)')
    .option('--port <n>', 'port for clients; 0: any free one (default: 9092)', wholeNumber(0, PORT_MAX))
    .option(
      '--admin-port <n>',
      'port for /metrics, /healthz, /readyz and /loglevel; 0: any free one (default: 9094)',
      wholeNumber(0, PORT_MAX),
    )
    .addHelpText('after', '\nFurther settings come from the environment, as docs/configuration.md has them.')
    .action(async (_local: unknown, command: Command) => {
      // The server's code loads only when it is asked for.
      const { runStandaloneProcess } = await import('@moldau/standalone-app');
      const { data, host, port, adminPort, output } = optionsOf<Options>(command);
      await runStandaloneProcess({
        dataDir: data,
        output,
        ...(host === undefined ? {} : { host }),
        ...(port === undefined ? {} : { port }),
        ...(adminPort === undefined ? {} : { adminPort }),
        announce: (line) => context.terminal.write(line),
      });
    });
}
