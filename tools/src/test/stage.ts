import type { CaseResult } from './case-result.ts';

/** What a stage found. */
export interface StageResult {
  readonly passed: boolean;
  /** A few words for its line, after its name. */
  readonly summary: string;
  /** Printed in full when the stage failed. */
  readonly output: string;
  /** Results of single tests, of the stages that run some. */
  readonly cases?: readonly CaseResult[];
  /** Commands of processes that had to be killed after it. */
  readonly stragglers?: readonly string[];
}

/** One step of the test command; counts as one test. */
export interface Stage {
  readonly name: string;
  /** The stage is killed and failed after this. */
  readonly timeoutMs: number;
  /** Rejecting is failing. */
  run(timeoutMs: number): Promise<StageResult>;
}

export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/** Adds a stage and its tests to the counts. */
export function count(counts: Counts, result: StageResult): void {
  counts[result.passed ? 'passed' : 'failed'] += 1;
  for (const one of result.cases ?? []) counts[one.state] += 1;
}

/** The last line of the test command, by which its caller knows what was tested. */
export function countLine(counts: Counts): string {
  return `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`;
}
