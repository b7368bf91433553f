import { appendFileSync } from 'node:fs';
import type { Reporter, TestCase } from 'vitest/node';
import type { CaseResult } from './case-result.ts';

/** Where the results go; set by the test command, which reads them. */
const RESULTS_VARIABLE = 'TEST_RESULTS_FILE';

/**
 * A reporter of vitest that appends each test's result to a file as one line of JSON, at once: what was tested is known
 * also when the run is killed.
 */
class CaseReporter implements Reporter {
  private readonly path = process.env[RESULTS_VARIABLE];

  onTestCaseResult(test: TestCase): void {
    if (this.path === undefined) return;
    const result = test.result();
    if (result.state === 'pending') return;
    const line: CaseResult = {
      state: result.state,
      name: `${test.module.relativeModuleId} > ${test.fullName}`,
      ...(result.state === 'skipped' && result.note !== undefined ? { reason: result.note } : {}),
    };
    appendFileSync(this.path, `${JSON.stringify(line)}\n`);
  }
}

export { CaseReporter as default };
