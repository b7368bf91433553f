// Connectors at work: starts what one example needs, runs it, and ends with a line that says whether everything arrived.

import type { Example, Verdict } from './example.ts';
import { flightsToPostgres } from './flights-to-postgres.ts';
import { startStage } from './stage.ts';

const EXAMPLES: readonly Example[] = [flightsToPostgres];
const EXIT_USAGE = 2;
/** What takes longer than this hangs. */
const EXAMPLE_MS_MAX = 300_000;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function main(): Promise<number> {
  const [name] = process.argv.slice(2);
  const example = EXAMPLES.find((each) => each.name === name);
  if (example === undefined) {
    say(`Say which example: ${EXAMPLES.map((each) => each.name).join(', ')}`);
    return EXIT_USAGE;
  }
  const lacking = example.whyNot();
  if (lacking !== undefined) {
    say(`NOT RUN: ${lacking}`);
    return 1;
  }
  const hanging = setTimeout(() => {
    say(`FAILED: not done after ${EXAMPLE_MS_MAX / 1000} s`);
    process.exit(1);
  }, EXAMPLE_MS_MAX);
  try {
    const verdict = await run(example);
    say(`${verdict.ok ? 'OK' : 'FAILED'}: ${verdict.text}`);
    return verdict.ok ? 0 : 1;
  } finally {
    clearTimeout(hanging);
  }
}

async function run(example: Example): Promise<Verdict> {
  await using prepared = await example.prepare(say);
  await using stage = await startStage(prepared.environment, say);
  return await prepared.run(stage);
}

process.exitCode = await main();
