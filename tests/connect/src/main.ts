import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { SUBJECTS } from './kills/all-subjects.ts';
import type { KillSubject } from './kills/kill-subject.ts';
import { addKillRecord } from './kills/results.ts';
import { runSubject } from './kills/run-subject.ts';

/**
 * `npm run test:connect`: connector workers in processes of their own, against real brokers.
 *
 *     npm run test:connect                                              # the specs
 *     npm run test:connect -- --runs 50 [--only file-source] [--seed 7] [--write]   # runs under kills of workers and brokers
 */
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const SEEDS = 1_000_000;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function specs(): Promise<number> {
  const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--exclude', '{apps,libs,tools,bench}/**', 'tests/connect'];
  const child = spawn(process.execPath, vitest, { cwd: ROOT, stdio: 'inherit' });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}

async function kills(subjects: readonly KillSubject[], runs: number, seed: number, write: boolean): Promise<number> {
  let failed = 0;
  for (const subject of subjects) {
    const reason = await subject.whyNot?.();
    if (reason !== undefined) {
      say(`${subject.name} skipped: ${reason}`);
      continue;
    }
    say(`${subject.name}: ${subject.title}; ${runs} runs, seeds from ${seed}`);
    const result = await runSubject(subject, { runs, seed, say });
    const { findings, unfinished, ...counts } = result;
    if (findings.length > 0 || unfinished !== undefined) failed += 1;
    if (write && counts.runs > 0) addKillRecord({ subject: subject.name, seed, ...counts, findings: findings.join('; ') });
    if (unfinished !== undefined) say(`${subject.name} could not go on: ${unfinished}`);
    say(
      `${subject.name}: ${result.findings.length === 0 ? `equal in ${result.runs} runs, ${result.faults} kills` : result.findings.join('; ')}`,
    );
  }
  return failed === 0 ? 0 : 1;
}

const options = {
  runs: { type: 'string' },
  only: { type: 'string' },
  seed: { type: 'string' },
  write: { type: 'boolean', default: false },
} as const;

async function main(): Promise<number> {
  const { values } = parseArgs({ options });
  if (values.runs === undefined) return specs();
  const runs = Number(values.runs);
  const seed = values.seed === undefined ? Date.now() % SEEDS : Number(values.seed);
  const subjects = SUBJECTS.filter(({ name }) => values.only === undefined || values.only.split(',').includes(name));
  if (!Number.isInteger(runs) || runs < 1 || !Number.isInteger(seed) || subjects.length === 0) {
    process.stderr.write(`--runs and --seed take whole numbers, --only some of ${SUBJECTS.map(({ name }) => name).join(', ')}\n`);
    return 2;
  }
  return kills(subjects, runs, seed, values.write);
}

process.exitCode = await main();
