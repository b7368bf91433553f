// The failover demo: a local cluster, a steady load, and one fault after the other. Ends in one line and the exit status.
import { type FailoverOutcome, type FaultResult, runFailover } from '@moldau/harness';
import { onStopSignals } from '@moldau/service/stop-signals';
import colors from 'picocolors';
import { Screen } from '../terminal/screen.ts';
import { parseArguments, USAGE } from './arguments.ts';
import { countsLine, faultLine } from './lines.ts';

const EXIT_USAGE = 2;
/** Ended by a second Ctrl-C. */
const EXIT_INTERRUPTED = 130;
/** A round takes 10–60 s; what takes longer than this hangs. */
const ROUND_MS_MAX = 180_000;
const START_MS_MAX = 120_000;

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
  const { faults, recordsPerSecond, outageMs, json } = parsed;
  const screen = new Screen(json ? process.stderr : process.stdout);
  const stopping = new AbortController();
  onStopSignals({ process, first: () => stopping.abort(), again: () => process.exit(EXIT_INTERRUPTED) });
  const hanging = setTimeout(
    () => {
      screen.say(colors.red('the demo hangs and is ended'));
      process.exit(1);
    },
    START_MS_MAX + faults.length * (ROUND_MS_MAX + 2 * outageMs),
  );
  screen.say(`starting 3 brokers, 2 coordinators and etcd; then ${faults.length} faults at ${recordsPerSecond} records a second`);
  try {
    let round = 0;
    const outcome = await runFailover({
      faults,
      recordsPerSecond,
      outageMs,
      signal: stopping.signal,
      onCounts: (counts) => screen.status(countsLine(counts)),
      onFault: (result) => {
        round += 1;
        screen.say(faultLine(round, result));
      },
    });
    screen.say(verdictLine(outcome));
    if (json) process.stdout.write(`${JSON.stringify({ ...outcome, gaps: gapsOf(outcome.results) })}\n`);
    return outcome.verdict === 'nothing lost' ? 0 : 1;
  } finally {
    clearTimeout(hanging);
  }
}

function verdictLine({ totals, results, failures, verdict }: FailoverOutcome): string {
  const { acknowledged, read, unread, duplicated, reordered, failed } = totals;
  const worst = Math.max(0, ...results.map(({ ledGapMs, otherGapMs, returnGapMs }) => Math.max(ledGapMs, otherGapMs, returnGapMs)));
  const counts = `${results.length} faults; ${acknowledged} acknowledged, ${read} read, ${unread} lost, ${duplicated} duplicated, ${reordered} reordered, ${failed} failed; longest pause ${worst} ms`;
  if (verdict === 'nothing lost') return colors.green(`OK: ${counts}`);
  return colors.red(`FAILED: ${counts}${failures.length === 0 ? '' : `\n${failures.join('\n')}`}`);
}

/** Of each fault that there was: how often, and how long acknowledgements and reads paused, in the median and at worst. */
function gapsOf(results: readonly FaultResult[]): Readonly<Record<string, unknown>> {
  const faults = [...new Set(results.map(({ fault }) => fault))];
  return Object.fromEntries(
    faults.map((fault) => {
      const of = results.filter((result) => result.fault === fault);
      const figures = {
        led: of.map(({ ledGapMs }) => ledGapMs),
        other: of.map(({ otherGapMs }) => otherGapMs),
        read: of.map(({ readGapMs }) => readGapMs),
        return: of.map(({ returnGapMs }) => returnGapMs),
      };
      const spread = Object.entries(figures).map(([name, values]) => [name, { medianMs: median(values), worstMs: Math.max(...values) }]);
      return [fault, { runs: of.length, ...Object.fromEntries(spread) }];
    }),
  );
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

process.exitCode = await main();
