import { describe, expect, it } from 'vitest';
import { figureOf } from './figure.ts';
import { renderFigures, renderResults } from './render.ts';
import type { ScenarioResult } from './results.ts';

const MACHINE = { cpu: 'a processor', cores: 2, memoryGiB: 8, kernel: '6.1', node: 'v24.0.0' };

describe('renderFigures', () => {
  it('prints median, range, goal and whether it is reached', () => {
    const text = renderFigures([
      figureOf({ group: 'G', name: 'fast', unit: 'ms' }, [3, 1, 2], { kind: 'at most', value: 2 }),
      figureOf({ group: 'G', name: 'slow', unit: 'ms' }, 5000, { kind: 'at most', value: 4000 }),
    ]);
    expect(text).toContain('| fast | ms | 2 (1–3) | ≤ 2 ✓ |');
    expect(text).toContain('| slow | ms | 5,000 | ≤ 4,000 ✗ |');
  });

  it('prints ratios, and says which pairs are missing', () => {
    const ours = { min: 10, median: 20, max: 30 };
    const figure = { group: 'G', unit: 'records/s', ours, goal: { kind: 'ratio at least', value: 1.5 } } as const;
    const ratio = { min: 1.25, median: 2, max: 2.5 };
    const text = renderFigures([
      { ...figure, name: 'some', kafka: { min: 8, median: 10, max: 12 }, ratio, missingPairs: 1 },
      { ...figure, name: 'none', missingPairs: 5 },
    ]);
    expect(text).toContain('| some | records/s | 20 (10–30) | 10 (8–12) | 2 (1.25–2.5) ×, 1 pair missing | ≥ 1.5 × ✓ |');
    expect(text).toContain('| none | records/s | 20 (10–30) |  | 5 pairs missing | ≥ 1.5 ×, not compared |');
  });
});

describe('renderResults', () => {
  const result: ScenarioResult = {
    scenario: 'size',
    measuredOn: '2026-01-02',
    machine: MACHINE,
    runs: 5,
    scale: 1,
    command: 'npm run bench -- --only size --runs 5',
    figures: [figureOf({ group: 'Size', name: 'a', unit: 'ms' }, 1)],
  };

  it('says of each table when, on what and by which command it was measured', () => {
    expect(renderResults([result])).toContain(
      '### size\n\n2026-01-02, 2 cores of a processor, 8 GiB, Linux 6.1, Node v24.0.0; median of 5; `npm run bench -- --only size --runs 5`\n\n**Size**\n\n|',
    );
    expect(renderResults([{ ...result, scale: 0.1 }])).toContain('at 0.1 of the size');
  });

  it('does not pass over a scenario that could not run', () => {
    expect(renderResults([{ ...result, figures: [], notRun: 'the disk is too small' }])).toContain(
      'Not run on 2026-01-02: the disk is too small.',
    );
  });
});
