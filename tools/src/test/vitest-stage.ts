import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunResult, runNode } from '../process/run.ts';
import { REPOSITORY_ROOT } from '../workspace/projects.ts';
import { type CaseResult, parseCaseResults } from './case-result.ts';
import type { Stage, StageResult } from './stage.ts';

const REPORTER = join(REPOSITORY_ROOT, 'tools/src/test/case-reporter.ts');

export interface VitestStageOptions {
  readonly name: string;
  readonly timeoutMs: number;
  /** Folders relative to the repository, each ending in `/`. */
  readonly folders: readonly string[];
}

/** Runs the specs of the folders; its tests count one by one, and the stage fails also when vitest itself does. */
export function vitestStage(options: VitestStageOptions): Stage {
  return {
    name: options.name,
    timeoutMs: options.timeoutMs,
    async run(timeoutMs) {
      const directory = mkdtempSync(join(tmpdir(), 'moldau-test-'));
      try {
        const resultsPath = join(directory, 'results');
        writeFileSync(resultsPath, '');
        const result = await runVitest(options.folders, resultsPath, timeoutMs);
        return verdict(result, parseCaseResults(readFileSync(resultsPath, 'utf8')));
      } finally {
        rmSync(directory, { recursive: true, force: true });
      }
    },
  };
}

function runVitest(folders: readonly string[], resultsPath: string, timeoutMs: number): Promise<RunResult> {
  return runNode('node_modules/vitest/vitest.mjs', {
    arguments: ['run', '--no-color', '--reporter=dot', `--reporter=${REPORTER}`, ...folders],
    timeoutMs,
    environment: { TEST_RESULTS_FILE: resultsPath, NO_COLOR: '1' },
  });
}

function verdict(result: RunResult, cases: readonly CaseResult[]): StageResult {
  const counted = `${cases.length} tests`;
  const passed = result.status === 0 && !result.timedOut && cases.length > 0;
  return {
    passed,
    summary: result.timedOut ? `${counted}, then took too long and was killed` : counted,
    output: result.output,
    cases,
    stragglers: result.stragglers,
  };
}
