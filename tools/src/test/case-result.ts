/** How one test ended. */
export interface CaseResult {
  readonly state: 'passed' | 'failed' | 'skipped';
  /** File and full name of the test. */
  readonly name: string;
  /** Why it was skipped, as the test said. */
  readonly reason?: string;
}

/** Reads the reporter's lines; a line cut off by a kill is left out. */
export function parseCaseResults(lines: string): readonly CaseResult[] {
  return lines
    .split('\n')
    .filter((line) => line !== '')
    .flatMap((line) => {
      try {
        return [JSON.parse(line) as CaseResult];
      } catch {
        return [];
      }
    });
}
