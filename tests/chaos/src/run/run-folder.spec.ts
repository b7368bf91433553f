import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { checkOps, scratchDirectory } from '@moldau/harness';
import { expect, it } from 'vitest';
import { createRunFolder, shownPath } from './run-folder.ts';

const RUN = { scenario: 'T26', seed: 7, rounds: 3, flush: 'sync' } as const;

it('a run keeps its seed, logs and verdict in a folder of its own, and only the newest folders stay', () => {
  using scratch = scratchDirectory('runs');
  for (let run = 0; run < 22; run++) writeFileSync(join(scratch.path, `1999-${String(run).padStart(2, '0')}`), '');
  const folder = createRunFolder(RUN, scratch.path);
  expect(readdirSync(scratch.path)).toHaveLength(20);
  expect(existsSync(join(scratch.path, '1999-21'))).toBe(true);
  expect(existsSync(join(scratch.path, '1999-00'))).toBe(false);
  folder.keepLogs([['broker-1', 'a line\n']]);
  folder.keepVerdict(checkOps([]), { restartMsMax: 5 }, []);
  const read = (file: string): string => readFileSync(join(folder.path, file), 'utf8');
  expect(JSON.parse(read('run.json'))).toEqual(RUN);
  expect(read('logs/broker-1.log')).toBe('a line\n');
  expect(JSON.parse(read('verdict.json'))).toMatchObject({ valid: true, counts: {}, figures: { restartMsMax: 5 } });
});

it('a run is named by its place in the repository', () => {
  const repository = resolve(import.meta.dirname, '../../../..');
  expect(shownPath(join(repository, '.moldau/chaos/a-run'))).toBe('.moldau/chaos/a-run');
  expect(shownPath('/elsewhere/a-run')).toBe('/elsewhere/a-run');
});
