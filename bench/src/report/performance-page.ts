import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sectionMarks, withSection } from '@moldau/harness';
import { renderResults } from './render.ts';
import type { ScenarioResult } from './results.ts';

const MARKS = sectionMarks('figures', 'npm run bench -- --write');
const PREFACE =
  'Each figure is a median, with the least and the greatest behind it; ratios are taken pair by pair, of runs that followed each other, and their median is compared with the goal.';

/** Puts the results between the two marks of docs/performance.md; the words around them stay. */
export function writePerformancePage(root: string, results: readonly ScenarioResult[]): void {
  const path = join(root, 'docs/performance.md');
  writeFileSync(path, withSection(readFileSync(path, 'utf8'), MARKS, `${PREFACE}\n\n${renderResults(results)}`));
}
