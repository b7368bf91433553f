import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { SeedReport } from '../run/seed-report.ts';
import { type Campaign, campaignOf, joined } from './campaign.ts';
import { PAGE_PATH, RESULTS_PATH } from './recorder.ts';
import { withResults } from './reliability-page.ts';
import { renderResults } from './render-results.ts';
import { ResultsFile } from './results-file.ts';

const WHERE = { date: '2026-11-23', commit: 'abcdef0123', options: '' };

function reportOf(seed: number, changes: Partial<SeedReport> = {}): SeedReport {
  const counts = { faults: 5, events: 9_000, simulatedMs: 20_000, acknowledged: 490, failed: 10, unknown: 3, cpuMs: 200 };
  return { seed, findings: [], hash: '', factor: 3, replicasRead: true, ...counts, ...changes };
}

function campaignOfSeeds(from: number, to: number, changes: Partial<SeedReport> = {}): Campaign {
  const all = Array.from({ length: to - from + 1 }, (_, at) => campaignOf(reportOf(from + at, changes), WHERE));
  return all.reduce(joined);
}

describe('a campaign', () => {
  it('counts runs that were long enough, and sums them by factor', () => {
    const campaign = joined(campaignOfSeeds(1, 3), campaignOfSeeds(4, 5, { factor: 1 }));
    expect(campaign).toMatchObject({ from: 1, to: 5, runs: 5, runsByFactor: { 1: 2, 3: 3 }, simulatedSeconds: 100, faults: 25 });
  });

  it.each([
    ['too short', { simulatedMs: 9_999 }],
    ['of too few records', { acknowledged: 400 }],
    ['of too few faults', { faults: 2 }],
    ['without its last reads', { replicasRead: false }],
  ] as const)('does not count a run that was %s', (_, changes) => {
    expect(campaignOf(reportOf(1, changes), WHERE)).toMatchObject({ runs: 0, runsByFactor: {}, acknowledged: 0, findings: {} });
  });

  it('counts each run that found something, whatever became of it, and each name once', () => {
    const findings = ['lost-write', 'lost-write', 'no-progress'].map((name) => ({ name, detail: '' }));
    const campaign = campaignOf(reportOf(1, { findings, replicasRead: false }), WHERE);
    expect(campaign).toMatchObject({ runs: 1, findings: { 'lost-write': 1, 'no-progress': 1 }, unsafeRuns: 1 });
    expect(campaignOf(reportOf(1, { findings: [{ name: 'no-progress', detail: '' }] }), WHERE).unsafeRuns).toBe(0);
  });
});

describe('the results', () => {
  it('keep campaigns, and make those one that go on where the last one ended', () => {
    const directory = mkdtempSync(join(tmpdir(), 'moldau-results-'));
    try {
      const path = join(directory, 'results.json');
      const file = new ResultsFile(path);
      file.add(campaignOfSeeds(1, 500));
      file.add(campaignOfSeeds(501, 1_000));
      file.add(campaignOfSeeds(2_001, 2_002));
      const again = new ResultsFile(path);
      expect(again.campaigns.map(({ from, to }) => [from, to])).toEqual([
        [1, 1_000],
        [2_001, 2_002],
      ]);
      expect(again.holds({ ...WHERE, from: 900, to: 1_100 })).toBe(true);
      expect(again.holds({ ...WHERE, from: 1_001, to: 2_000 })).toBe(false);
      expect(again.holds({ ...WHERE, commit: 'another', from: 1, to: 2 })).toBe(false);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it('claim by the rule of three only what ran since the last finding', () => {
    const found = campaignOfSeeds(1, 10, { findings: [{ name: 'lost-write', detail: '' }] });
    expect(renderResults([campaignOfSeeds(1, 3_000)])).toContain('below 3/3,000 = 0.10 %');
    expect(renderResults([campaignOfSeeds(1, 3_000), found])).toContain('nothing may be claimed');
    expect(renderResults([found, campaignOfSeeds(11, 310)])).toContain('below 3/300 = 1.0 %');
  });

  it('stand in docs/reliability.md as they are in docs/simulation-results.json', () => {
    expect(existsSync(RESULTS_PATH)).toBe(true);
    const page = readFileSync(PAGE_PATH, 'utf8');
    expect(withResults(page, new ResultsFile(RESULTS_PATH).campaigns)).toBe(page);
  });
});
