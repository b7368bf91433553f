import { statSync } from 'node:fs';
import { join } from 'node:path';
import { checkHistoryFile, type HistoryVerdict } from '@moldau/harness';
import { whyNoCluster } from './cluster/start-chaos-cluster.ts';
import { parseTask, type Task, USAGE } from './run/arguments.ts';
import { addResult, currentCommit } from './run/results-file.ts';
import { HISTORY_FILE } from './run/run-folder.ts';
import { type RunResult, runScenario } from './run/run-scenario.ts';
import type { Scenario } from './scenarios/scenario.ts';

/**
 * `npm run test:chaos`: real processes are killed, paused, stopped, cut off and slowed under load, and the history of what clients
 * were told and read is checked, with the files of every replica. Ends with status 1 when anything is wrong.
 *
 *     npm run test:chaos -- --only T26 --rounds 100 --flush async --seed 7
 *     npm run test:chaos -- --check FOLDER      # a kept history, or its folder, again
 */
const SHOWN_MAX = 100;
const SEEDS = 1_000_000;

type RunTask = Extract<Task, { readonly kind: 'run' }>;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

function show(verdict: HistoryVerdict): boolean {
  for (const anomaly of verdict.anomalies.slice(0, SHOWN_MAX)) say(JSON.stringify(anomaly));
  const { ok, fail, info } = verdict.sends;
  const found = countsOf(verdict);
  say(
    `${ok} records acknowledged, ${fail} refused, ${info} unknown, ${verdict.polled} polled; ${found.length === 0 ? 'no anomalies' : found.join(', ')}`,
  );
  return verdict.valid;
}

function countsOf(verdict: HistoryVerdict): readonly string[] {
  return [...verdict.counts].map(([name, count]) => `${name} ${count}`);
}

async function check(path: string): Promise<number> {
  const file = statSync(path).isDirectory() ? join(path, HISTORY_FILE) : path;
  return show(await checkHistoryFile(file)) ? 0 : 1;
}

async function whyNot(scenario: Scenario): Promise<string | undefined> {
  return (await whyNoCluster(scenario.needs)) ?? (await scenario.whyNot?.());
}

/** Whether nothing went wrong. */
async function run(scenario: Scenario, task: RunTask): Promise<boolean> {
  const { flush, seed, recordsPerSecond, long } = task;
  const rounds = task.rounds ?? scenario.rounds;
  say(`${scenario.name}: ${scenario.title}; ${rounds} rounds, flush=${flush}, seed ${seed}`);
  const rate = recordsPerSecond === undefined ? {} : { recordsPerSecond };
  const keep = (counts: Pick<RunResult, 'faults'> & { readonly verdict?: HistoryVerdict }, findings: string): void => {
    if (!task.write) return;
    const { ok: acked, fail: refused, info: unknown } = counts.verdict?.sends ?? { ok: 0, fail: 0, info: 0 };
    const date = new Date().toISOString().slice(0, 10);
    const read = counts.verdict?.polled ?? 0;
    const head = { scenario: scenario.name, flush, date, commit: currentCommit(), seed };
    addResult({ ...head, rounds, faults: counts.faults, acked, refused, unknown, read, findings });
  };
  try {
    const result = await runScenario(scenario, { rounds, flush, seed, long, ...rate, report: say });
    const { folder, verdict, figures } = result;
    say(JSON.stringify(figures));
    for (const finding of result.findings.slice(0, SHOWN_MAX)) say(finding);
    const valid = show(verdict) && result.findings.length === 0;
    keep(result, valid ? '' : [...countsOf(verdict), ...result.findings.slice(0, 3)].join('; '));
    const good = 'every acknowledged record was read back as it was sent, and from every replica';
    say(`${scenario.name}${valid ? `: ${good}` : ` failed; history, logs and seed: ${folder}`}`);
    return valid;
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    say(what);
    keep({ faults: 0 }, what);
    return false;
  }
}

async function runAll(task: RunTask): Promise<number> {
  let failed = 0;
  const skipped: string[] = [];
  for (const scenario of task.scenarios) {
    const reason = await whyNot(scenario);
    if (reason !== undefined) {
      say(`${scenario.name} skipped: ${reason}`);
      skipped.push(scenario.name);
    } else if (!(await run(scenario, task))) failed += 1;
  }
  if (skipped.length > 0) say(`${skipped.length} of ${task.scenarios.length} scenarios were skipped: ${skipped.join(', ')}`);
  const ran = task.scenarios.length - skipped.length;
  say(failed === 0 ? `nothing was lost, duplicated, reordered or altered in ${ran} scenarios` : `${failed} of ${ran} scenarios failed`);
  return failed === 0 ? 0 : 1;
}

async function main(): Promise<number> {
  const task = parseTask(process.argv.slice(2), Date.now() % SEEDS);
  if (task === undefined) {
    process.stderr.write(USAGE);
    return 2;
  }
  return task.kind === 'check' ? check(task.path) : runAll(task);
}

process.exitCode = await main();
