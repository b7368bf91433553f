import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderResults } from './render.ts';
import type { ScenarioResult } from './results.ts';

const BEGIN = '<!-- figures: written by npm run bench -- --write -->';
const END = '<!-- end of figures -->';
const PREFACE =
  'Each figure is a median, with the least and the greatest behind it; ratios are taken pair by pair, of runs that followed each other, and their median is compared with the goal.';

/** Puts the results between the two marks of docs/performance.md; the words around them stay. */
export function writePerformancePage(root: string, results: readonly ScenarioResult[]): void {
  const path = join(root, 'docs/performance.md');
  const page = readFileSync(path, 'utf8');
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`${path} lacks the marks between which the figures stand`);
  writeFileSync(path, `${page.slice(0, begin)}${BEGIN}\n${PREFACE}\n\n${renderResults(results)}\n${page.slice(end)}`);
}
