import { readFileSync, writeFileSync } from 'node:fs';
import { sectionMarks, withSection } from '@moldau/harness';
import type { Campaign } from './campaign.ts';
import { renderResults } from './render-results.ts';

const MARKS = sectionMarks('simulation', 'npm run test:simulation -- --write');

/** The page with the results between its two marks; the words around them stay. */
export function withResults(page: string, campaigns: readonly Campaign[]): string {
  return withSection(page, MARKS, renderResults(campaigns));
}

/** Writes the results into the page. */
export function writeReliabilityPage(path: string, campaigns: readonly Campaign[]): void {
  writeFileSync(path, withResults(readFileSync(path, 'utf8'), campaigns));
}
