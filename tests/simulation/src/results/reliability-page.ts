import { readFileSync, writeFileSync } from 'node:fs';
import type { Campaign } from './campaign.ts';
import { renderResults } from './render-results.ts';

const BEGIN = '<!-- simulation: written by npm run test:simulation -- --write -->';
const END = '<!-- end of simulation -->';

/** The page with the results between its two marks; the words around them stay. */
export function withResults(page: string, campaigns: readonly Campaign[]): string {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new Error('the page lacks the marks between which the results stand');
  return `${page.slice(0, begin)}${BEGIN}\n${renderResults(campaigns)}\n${page.slice(end)}`;
}

/** Writes the results into the page. */
export function writeReliabilityPage(path: string, campaigns: readonly Campaign[]): void {
  writeFileSync(path, withResults(readFileSync(path, 'utf8'), campaigns));
}
