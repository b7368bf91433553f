import { expect, it } from 'vitest';
import { SCENARIOS } from '../scenarios/all-scenarios.ts';
import { parseTask } from './arguments.ts';

it('all scenarios are run with the given seed when nothing is asked for', () => {
  expect(parseTask([], 5)).toMatchObject({ kind: 'run', scenarios: SCENARIOS, rounds: undefined, flush: 'sync', seed: 5, write: false });
});

it('scenarios, rounds, seed and rate can be chosen, and what makes no sense is refused', () => {
  const task = parseTask(['--only', 'T01', '--only', 'T26', '--rounds', '3', '--seed', '0', '--rate', '50', '--long'], 5);
  expect(task).toMatchObject({ rounds: 3, seed: 0, recordsPerSecond: 50, long: true });
  expect(task?.kind === 'run' && task.scenarios.map(({ name }) => name)).toEqual(['T01', 'T26']);
  expect(parseTask(['--kills', '7'], 5)).toMatchObject({ rounds: 7, scenarios: [{ name: 'T26' }] });
  expect(parseTask(['--check', 'folder'], 5)).toEqual({ kind: 'check', path: 'folder' });
  for (const wrong of [['--only', 'T99'], ['--rounds', '0'], ['--seed', 'x'], ['--flush', 'never'], ['--nonsense']]) {
    expect(parseTask(wrong, 5)).toBeUndefined();
  }
});
