import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { isAbsolute, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { HistoryVerdict } from '@moldau/harness';

/** Folders that are kept: those of the oldest runs go when there are more. A long run has some 100 MB. */
const KEPT_MAX = 20;
const REPOSITORY = fileURLToPath(new URL('../../../..', import.meta.url));
/** Git ignores it. */
const RUNS = join(REPOSITORY, '.moldau/chaos');

/** What identifies a run: enough to start it again. */
export interface RunDescription {
  readonly scenario: string;
  readonly seed: number;
  readonly rounds: number;
  readonly flush: 'sync' | 'async';
}

/** Where a run keeps its history, its logs and its seed. */
export interface RunFolder {
  readonly path: string;
  readonly history: string;
  keepLogs(logs: Iterable<readonly [name: string, text: string]>): void;
  keepVerdict(verdict: HistoryVerdict, figures: Readonly<Record<string, number>>, findings: readonly string[]): void;
}

/** A path as results that are checked in may name it: as seen from the repository, if it lies there. */
export function shownPath(path: string): string {
  const below = relative(REPOSITORY, path);
  return below.startsWith('..') || isAbsolute(below) ? path : below;
}

/** Makes the folder of a run, and removes those of the oldest. */
export function createRunFolder(description: RunDescription, parent = RUNS): RunFolder {
  mkdirSync(parent, { recursive: true });
  for (const old of readdirSync(parent)
    .sort()
    .slice(0, -(KEPT_MAX - 1)))
    rmSync(join(parent, old), { recursive: true, force: true });
  const time = new Date().toISOString().replaceAll(':', '-').slice(0, 23);
  const path = join(parent, `${time}-${description.scenario}-${description.flush}-${description.seed}`);
  mkdirSync(join(path, 'logs'), { recursive: true });
  const keep = (file: string, content: unknown): void => writeFileSync(join(path, file), `${JSON.stringify(content, undefined, 2)}\n`);
  keep('run.json', description);
  return {
    path,
    history: join(path, HISTORY_FILE),
    keepLogs(logs): void {
      for (const [name, text] of logs) writeFileSync(join(path, 'logs', `${name}.log`), text);
    },
    keepVerdict: (verdict, figures, findings) =>
      keep('verdict.json', { ...verdict, counts: Object.fromEntries(verdict.counts), figures, findings }),
  };
}

/** Name of the history in its folder. */
export const HISTORY_FILE = 'history.jsonl';
