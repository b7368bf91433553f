import { join } from 'node:path';
import { scratchDirectory } from '@moldau/harness';
import { describe, expect, it } from 'vitest';
import { figureOf } from './figure.ts';
import { Results, type ScenarioResult } from './results.ts';

const ORDER = ['first', 'second'];

function resultOf(scenario: string, value: number, measuredOn = '2026-01-01'): ScenarioResult {
  const machine = { cpu: 'a processor', cores: 2, memoryGiB: 8, kernel: '6', node: 'v24' };
  const figures = [figureOf({ group: 'A group', name: 'a figure', unit: 'ms' }, value)];
  return { scenario, measuredOn, machine, runs: 5, scale: 1, command: `npm run bench -- --only ${scenario}`, figures };
}

describe('Results', () => {
  it('keeps what an earlier run measured until the same scenario is measured again', () => {
    using scratch = scratchDirectory('results');
    const path = join(scratch.path, 'results.json');
    Results.open(path, ORDER).put(resultOf('second', 1));
    const results = Results.open(path, ORDER);
    results.put(resultOf('first', 2, '2026-02-02'));
    expect(Results.open(path, ORDER).all()).toEqual([resultOf('first', 2, '2026-02-02'), resultOf('second', 1)]);
    results.put(resultOf('second', 3));
    expect(Results.open(path, ORDER).all()[1]).toEqual(resultOf('second', 3));
  });

  it('drops what no scenario measures any more', () => {
    using scratch = scratchDirectory('results');
    const path = join(scratch.path, 'results.json');
    Results.open(path, [...ORDER, 'gone']).put(resultOf('gone', 1));
    expect(Results.open(path, ORDER).all()).toEqual([]);
  });

  it('keeps old figures when a scenario could not run, and says why where there are none', () => {
    using scratch = scratchDirectory('results');
    const results = Results.create(join(scratch.path, 'results.json'), ORDER);
    results.put(resultOf('first', 1));
    const notRun = (scenario: string): ScenarioResult => ({ ...resultOf(scenario, 0), figures: [], notRun: 'the disk is too small' });
    results.put(notRun('first'));
    results.put(notRun('second'));
    expect(results.all()).toEqual([resultOf('first', 1), notRun('second')]);
  });
});
