// The demo of groups: flights counted by members of a group in transactions, while one is killed and one joins. Ends in one line and
// the exit status.
import { onStopSignals } from '@moldau/service/stop-signals';
import colors from 'picocolors';
import { Screen } from '../terminal/screen.ts';
import { parseArguments, USAGE } from './arguments.ts';
import { type GroupOutcome, runGroupDemo } from './group-run.ts';

const EXIT_USAGE = 2;
/** Ended by a second Ctrl-C. */
const EXIT_INTERRUPTED = 130;
/** Start, joins and the end beside the time that publishing takes; what takes longer hangs. */
const REST_MS_MAX = 300_000;

async function main(): Promise<number> {
  if (process.argv.includes('--help')) {
    process.stdout.write(USAGE);
    return 0;
  }
  const parsed = parseArguments(process.argv.slice(2));
  if (parsed === undefined) {
    process.stderr.write(USAGE);
    return EXIT_USAGE;
  }
  const { json, ...options } = parsed;
  const screen = new Screen(json ? process.stderr : process.stdout);
  const stopping = new AbortController();
  onStopSignals({ process, first: () => stopping.abort(), again: () => process.exit(EXIT_INTERRUPTED) });
  const hanging = setTimeout(
    () => {
      screen.say(colors.red('the demo hangs and is ended'));
      process.exit(1);
    },
    REST_MS_MAX + (options.flights / options.flightsPerSecond) * 1_000,
  );
  const servers = options.standalone ? 'standalone' : '3 brokers, 2 coordinators and etcd';
  screen.say(`starting ${servers}; then three members count ${options.flights} flights, ${options.flightsPerSecond} a second`);
  try {
    const outcome = await runGroupDemo({
      ...options,
      signal: stopping.signal,
      onView: (line) => screen.status(line),
      onStep: (line) => screen.say(line),
    });
    screen.say(verdictLine(outcome));
    if (json) process.stdout.write(`${JSON.stringify(outcome)}\n`);
    return outcome.verdict === 'failed' ? 1 : 0;
  } finally {
    clearTimeout(hanging);
  }
}

function verdictLine({ verdict, published, counted, twice, missing, differentOrigins, lagRecords }: GroupOutcome): string {
  const counts = `${published} flights, ${counted} counted, ${twice} twice, ${missing} missing`;
  if (verdict !== 'failed') return colors.green(`${verdict}: ${counts}`);
  const origins = differentOrigins.length === 0 ? '' : `, other counts than published for ${differentOrigins.slice(0, 10).join(' ')}`;
  return colors.red(`FAILED: ${counts}${lagRecords === 0 ? '' : `, ${lagRecords} not committed`}${origins}`);
}

process.exitCode = await main();
