import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { withResults } from './render-results.ts';

/** Checked in: what `npm run test:chaos -- --write` has done so far, on whatever machine. */
export const RESULTS_FILE = fileURLToPath(new URL('../../../../docs/chaos-results.json', import.meta.url));
/** Shows them, between two marks. */
export const RESULTS_PAGE = fileURLToPath(new URL('../../../../docs/reliability.md', import.meta.url));

/** One cluster that was hurt for some rounds. */
export interface RunRecord {
  readonly scenario: string;
  readonly flush: 'sync' | 'async';
  /** Day, `2026-11-23`. */
  readonly date: string;
  readonly commit: string;
  readonly seed: number;
  /** Fault runs: each ends with all replicas in sync and equal. */
  readonly rounds: number;
  readonly faults: number;
  readonly acked: number;
  readonly refused: number;
  readonly unknown: number;
  /** By consumers, and from the files of every replica. */
  readonly read: number;
  /** Anomalies of the history by name, flaws of files, or why it could not be finished; empty: nothing was wrong. */
  readonly findings: string;
}

export interface Results {
  readonly runs: readonly RunRecord[];
}

/** @throws Error when the file is there and is none of ours */
export function readResults(path = RESULTS_FILE): Results {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return { runs: [] };
  }
  const results = JSON.parse(text) as Partial<Results>;
  if (!Array.isArray(results.runs)) throw new Error(`${path} holds no runs`);
  return { runs: results.runs as readonly RunRecord[] };
}

/** Adds a run to the file, and writes the page that shows them, where there is one. */
export function addResult(run: RunRecord, path = RESULTS_FILE, page = RESULTS_PAGE): void {
  const runs = [...readResults(path).runs, run];
  writeFileSync(path, `${JSON.stringify({ runs }, undefined, 2)}\n`);
  if (existsSync(page)) writeFileSync(page, withResults(readFileSync(page, 'utf8'), runs));
}

/** The commit that runs, with a mark when files have changed since. */
export function currentCommit(): string {
  const git = (...parameters: readonly string[]): string => execFileSync('git', [...parameters], { encoding: 'utf8' }).trim();
  return `${git('rev-parse', '--short', 'HEAD')}${git('status', '--porcelain', '--', 'apps', 'libs') === '' ? '' : '+'}`;
}
