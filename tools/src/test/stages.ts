import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type RunResult, runNode } from '../process/run.ts';
import { REPOSITORY_ROOT } from '../workspace/projects.ts';
import { changedFiles, readGenerated } from './generated-files.ts';
import type { Stage, StageResult } from './stage.ts';
import { vitestStage } from './vitest-stage.ts';

const MINUTE_MS = 60_000;
const GENERATE_SCRIPT = 'tools/src/generate/main.ts';

/** Folders whose specs `npm test` runs; simulations of many seeds and chaos have commands of their own. */
const TESTED_FOLDERS = [
  'libs/',
  'apps/',
  'tools/',
  'examples/',
  'tests/e2e/',
  'tests/chaos/',
  'tests/conformance/',
  'tests/connect/',
  'tests/deploy/',
  'tests/helm/',
  'tests/simulation/',
];

/**
 * The stages of `npm test`, cheapest verdicts first. Their limits end what hangs; together with the command's own limit
 * they keep it under 20 minutes on two cores.
 */
export const STAGES: readonly Stage[] = [
  { name: 'generated code is up to date', timeoutMs: 3 * MINUTE_MS, run: generated },
  { name: 'format', timeoutMs: MINUTE_MS, run: commandStage('node_modules/@biomejs/biome/bin/biome', ['check', '--colors=off', '.']) },
  {
    name: 'typecheck',
    timeoutMs: 4 * MINUTE_MS,
    run: commandStage('node_modules/typescript/bin/tsc', ['--project', 'tsconfig.json', '--pretty', 'false']),
  },
  { name: 'lint', timeoutMs: 5 * MINUTE_MS, run: commandStage('tools/src/lint/main.ts', []) },
  { name: 'build', timeoutMs: 3 * MINUTE_MS, run: commandStage('node_modules/nx/dist/bin/nx.js', ['run-many', '-t', 'build']) },
  vitestStage({ name: 'tests', timeoutMs: 15 * MINUTE_MS, folders: TESTED_FOLDERS }),
];

/** A stage that passes when a script exits with 0. */
function commandStage(script: string, scriptArguments: readonly string[]): Stage['run'] {
  return async (timeoutMs) => verdict(await runNode(script, { arguments: scriptArguments, timeoutMs }));
}

async function generated(timeoutMs: number): Promise<StageResult> {
  if (!existsSync(join(REPOSITORY_ROOT, GENERATE_SCRIPT)))
    return { passed: false, summary: 'the generator is missing', output: `${GENERATE_SCRIPT} does not exist` };
  const before = readGenerated();
  const result = verdict(await runNode(GENERATE_SCRIPT, { arguments: [], timeoutMs }));
  const changed = changedFiles(before, readGenerated());
  if (!result.passed || changed.length === 0) return result;
  return {
    ...result,
    passed: false,
    summary: 'out of date',
    output: `npm run generate changed these files; commit them:\n${changed.join('\n')}`,
  };
}

function verdict(result: RunResult): StageResult {
  const summary = result.timedOut ? 'took too long and was killed' : result.status === 0 ? '' : `exit status ${result.status}`;
  return { passed: result.status === 0 && !result.timedOut, summary, output: result.output, stragglers: result.stragglers };
}
