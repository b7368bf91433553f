import { join } from 'node:path';
import { scratchDirectory } from '@moldau/harness';
import { expect, it } from 'vitest';
import { addResult, type RunRecord, readResults } from './results-file.ts';

it('results accumulate in their file, in order', () => {
  using scratch = scratchDirectory('results');
  const path = join(scratch.path, 'results.json');
  expect(readResults(path)).toEqual({ runs: [] });
  const counts = { rounds: 4, faults: 8, acked: 900, refused: 0, unknown: 2, read: 4_000 };
  const run = (seed: number): RunRecord => {
    const findings = seed === 2 ? ['duplicate 1'] : [];
    return { scenario: 'T01', flush: 'sync', date: '2026-11-23', commit: 'abc', seed, ...counts, findings };
  };
  addResult(run(1), path);
  addResult(run(2), path);
  expect(readResults(path)).toEqual({ runs: [run(1), run(2)] });
});
