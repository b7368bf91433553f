import { Command, Option } from 'commander';
import { registerBroker } from './commands/broker.ts';
import { registerCluster } from './commands/cluster.ts';
import { registerCompletion } from './commands/completion.ts';
import { registerConsume } from './commands/consume.ts';
import { registerGroup } from './commands/group.ts';
import { registerHelp } from './commands/help.ts';
import { registerLog } from './commands/log.ts';
import { registerPartition } from './commands/partition.ts';
import { registerProduce } from './commands/produce.ts';
import { registerProducer } from './commands/producer.ts';
import { registerStandalone } from './commands/standalone.ts';
import { registerTopic } from './commands/topic.ts';
import { registerTransaction } from './commands/transaction.ts';
import { registerConnector } from './connectors/connector.ts';
import type { CommandContext } from './context.ts';
import { EXIT_CODES } from './exit-code.ts';
import { wholeNumber } from './input/values.ts';
import { OUTPUT_FORMATS } from './output/format.ts';
import { registerPerf } from './perf/perf.ts';

const TIMEOUT_MS_DEFAULT = 30_000;
const TIMEOUT_MS_MAX = 600_000;

/** The whole command line. Errors of usage are thrown as CommanderError, all others as they come. */
export function createProgram(context: CommandContext, version: string): Command {
  const program = new Command('moldau')
    .description('Moldau: a durable, partitioned log for streams of events')
    .version(version)
    .addOption(new Option('--bootstrap <host:port,…>', 'brokers to begin with').env('MOLDAU_BOOTSTRAP').default('127.0.0.1:9092'))
    .addOption(new Option('--namespace <name>', 'namespace of topics').env('MOLDAU_NAMESPACE'))
    .addOption(new Option('-o, --output <format>', 'how results are printed').choices(OUTPUT_FORMATS).default('table'))
    .option('--timeout <ms>', 'how long a request may take', wholeNumber(1, TIMEOUT_MS_MAX), TIMEOUT_MS_DEFAULT)
    .showHelpAfterError('(add --help for help)')
    .configureHelp({ showGlobalOptions: true })
    .addHelpText('after', exitCodeHelp())
    .helpCommand(false)
    .exitOverride()
    .configureOutput({ writeOut: (text) => void context.terminal.write(text), writeErr: (text) => context.terminal.draw(text) });
  registerStandalone(program, context);
  registerTopic(program, context);
  registerProduce(program, context);
  registerConsume(program, context);
  registerGroup(program, context);
  registerCluster(program, context);
  registerBroker(program, context);
  registerPartition(program, context);
  registerProducer(program, context);
  registerTransaction(program, context);
  registerConnector(program, context);
  registerLog(program, context);
  registerPerf(program, context);
  registerCompletion(program, context);
  registerHelp(program);
  return program;
}

function exitCodeHelp(): string {
  return `\nExit codes:\n${Object.values(EXIT_CODES)
    .map(({ code, meaning }) => `  ${String(code).padEnd(4)} ${meaning}`)
    .join('\n')}\n`;
}
