import { statSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { checkHistoryFile, type HistoryVerdict } from '@moldau/harness';
import { whyNoCluster } from './cluster/start-chaos-cluster.ts';
import { HISTORY_FILE } from './run/run-folder.ts';
import { runScenario } from './run/run-scenario.ts';
import { SCENARIOS } from './scenarios/all-scenarios.ts';
import type { Scenario } from './scenarios/scenario.ts';

/**
 * `npm run test:chaos`: real processes are killed, paused, stopped and slowed under load, and the history of what clients
 * were told and read is checked. Ends with status 1 when anything is wrong.
 *
 *     npm run test:chaos -- --only T26 --kills 100 --flush async --seed 7
 *     npm run test:chaos -- --check FOLDER      # a kept history, or its folder, again
 */
const USAGE = `usage: test:chaos [--only ${SCENARIOS.map(({ name }) => name).join('|')}]… [--rounds N] [--flush sync|async] [--seed N]
       test:chaos --kills N [--flush sync|async] [--seed N]   (the same as --only T26 --rounds N)
       test:chaos --check FOLDER
`;
const SHOWN_MAX = 100;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

function refuse(): never {
  process.stderr.write(USAGE);
  process.exit(2);
}

function parse(): { readonly values: ReturnType<typeof parseOptions> } {
  try {
    return { values: parseOptions() };
  } catch {
    return refuse();
  }
}

function parseOptions() {
  return parseArgs({
    options: {
      only: { type: 'string', multiple: true, default: [] },
      kills: { type: 'string' },
      rounds: { type: 'string' },
      flush: { type: 'string', default: 'sync' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      check: { type: 'string' },
    },
  }).values;
}

function show(verdict: HistoryVerdict): boolean {
  for (const anomaly of verdict.anomalies.slice(0, SHOWN_MAX)) say(JSON.stringify(anomaly));
  const found = [...verdict.counts].map(([name, count]) => `${name} ${count}`).join(', ');
  const { ok, fail, info } = verdict.sends;
  say(`${ok} records acknowledged, ${fail} refused, ${info} unknown, ${verdict.polled} polled; ${found === '' ? 'no anomalies' : found}`);
  return verdict.valid;
}

async function check(path: string): Promise<number> {
  const file = statSync(path).isDirectory() ? join(path, HISTORY_FILE) : path;
  return show(await checkHistoryFile(file)) ? 0 : 1;
}

/** Whether nothing went wrong. */
async function run(
  scenario: Scenario,
  options: { readonly rounds: number; readonly flush: 'sync' | 'async'; readonly seed: number },
): Promise<boolean> {
  const reason = await whyNoCluster(scenario.needs);
  if (reason !== undefined) {
    say(`${scenario.name} skipped: ${reason}`);
    return true;
  }
  say(`${scenario.name}: ${scenario.title}; ${options.rounds} rounds, flush=${options.flush}, seed ${options.seed}`);
  try {
    const { folder, verdict, figures } = await runScenario(scenario, { ...options, report: say });
    say(JSON.stringify(figures));
    const valid = show(verdict);
    say(
      valid
        ? `${scenario.name}: every acknowledged record was read back as it was sent`
        : `${scenario.name} failed; history, logs and seed: ${folder}`,
    );
    return valid;
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    return false;
  }
}

async function main(): Promise<number> {
  const { values } = parse();
  if (values.check !== undefined) return check(values.check);
  const only = values.kills === undefined ? values.only : ['T26'];
  const rounds = values.kills ?? values.rounds;
  const flush = (['sync', 'async'] as const).find((mode) => mode === values.flush);
  const seed = Number(values.seed);
  const chosen = only.length === 0 ? SCENARIOS : SCENARIOS.filter(({ name }) => only.includes(name));
  const known = only.every((name) => SCENARIOS.some((scenario) => scenario.name === name));
  if (flush === undefined || !known || !Number.isSafeInteger(seed) || seed < 0) refuse();
  if (rounds !== undefined && !(Number.isSafeInteger(Number(rounds)) && Number(rounds) >= 1)) refuse();
  let failed = 0;
  for (const scenario of chosen) {
    if (!(await run(scenario, { rounds: Number(rounds ?? scenario.rounds), flush, seed }))) failed += 1;
  }
  say(failed === 0 ? 'nothing was lost, duplicated, reordered or altered' : `${failed} of ${chosen.length} scenarios failed`);
  return failed === 0 ? 0 : 1;
}

process.exitCode = await main();
