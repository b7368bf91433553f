import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { scratchDirectory } from '@moldau/harness';
import { expect, it } from 'vitest';
import { renderResults, withResults } from './render-results.ts';
import { addResult, RESULTS_PAGE, type RunRecord, readResults } from './results-file.ts';

const MARKS = '<!-- chaos: written by npm run test:chaos -- --write -->\n<!-- end of chaos -->\n';
const COUNTS = { rounds: 4, faults: 8, acked: 900, refused: 0, unknown: 2, read: 4_000 };

function run(seed: number, findings = ''): RunRecord {
  return { scenario: 'T01', flush: 'sync', date: '2026-11-23', commit: 'abc', seed, ...COUNTS, findings };
}

it('results accumulate in their file, in order, and stand in the page between its marks', () => {
  using scratch = scratchDirectory('results');
  const [path, page] = [join(scratch.path, 'results.json'), join(scratch.path, 'page.md')];
  expect(readResults(path)).toEqual({ runs: [] });
  addResult(run(1), path, page);
  writeFileSync(page, `# Page\n${MARKS}after\n`);
  addResult(run(2, 'duplicate 1'), path, page);
  expect(readResults(path)).toEqual({ runs: [run(1), run(2, 'duplicate 1')] });
  const text = readFileSync(page, 'utf8');
  expect(text).toContain('In all: 8 fault runs on 2 clusters, 16 faults, 1,800 records acknowledged');
  expect(text).toMatch(/^# Page\n[^]*\nafter\n$/);
});

it('the rule of three counts only what ran after the last finding', () => {
  expect(renderResults([run(1), run(2)])).toContain('below 3/8 = 38 %');
  expect(renderResults([run(1, 'lost-write 1'), run(2)])).toContain('below 3/4 = 75 %');
  expect(renderResults([run(1), run(2, 'lost-write 1')])).toContain('nothing may be claimed');
});

it('the checked-in page shows the checked-in results', () => {
  const page = readFileSync(RESULTS_PAGE, 'utf8');
  expect(withResults(page, readResults().runs)).toBe(page);
});
