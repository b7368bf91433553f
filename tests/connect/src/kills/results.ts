import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ruleOfThree, sectionMarks, withSection } from '@moldau/harness';

/** Checked in: what `npm run test:connect -- --runs N --write` has done so far. */
const RESULTS_FILE = fileURLToPath(new URL('../../../../docs/connect-results.json', import.meta.url));
const RESULTS_PAGE = fileURLToPath(new URL('../../../../docs/reliability.md', import.meta.url));
const MARKS = sectionMarks('connect', 'npm run test:connect -- --runs N --write');

/** Some runs of one connector. */
export interface KillRecord {
  readonly subject: string;
  /** Day, `2026-11-24`. */
  readonly date: string;
  readonly commit: string;
  /** Of the first run; each next one has the next seed. */
  readonly seed: number;
  readonly runs: number;
  readonly faults: number;
  readonly records: number;
  /** Empty: nothing was wrong. */
  readonly findings: string;
}

/** Adds them to the file, and writes the page that shows them. */
export function addKillRecord(record: Omit<KillRecord, 'date' | 'commit'>): void {
  const date = new Date().toISOString().slice(0, 10);
  const runs = [...readKillRecords(), { ...record, date, commit: currentCommit() }];
  writeFileSync(RESULTS_FILE, `${JSON.stringify({ runs }, undefined, 2)}\n`);
  if (existsSync(RESULTS_PAGE)) writeFileSync(RESULTS_PAGE, withSection(readFileSync(RESULTS_PAGE, 'utf8'), MARKS, renderKills(runs)));
}

/** What the runs say, as Markdown. */
export function renderKills(all: readonly KillRecord[]): string {
  if (all.length === 0) return 'No run has been recorded yet.';
  const subjects = [...new Set(all.map(({ subject }) => subject))].sort();
  const rows = subjects.map((subject) => {
    const own = all.filter((record) => record.subject === subject);
    // Runs before a finding say nothing of what came after its mending.
    const clean = own.slice(own.findLastIndex(({ findings }) => findings !== '') + 1);
    const { date, commit } = own.at(-1) as KillRecord;
    const flawed = own.filter(({ findings }) => findings !== '').length;
    const cells = [subject, sum(own, 'runs'), sum(own, 'faults'), sum(own, 'records').toLocaleString('en-US'), flawed, sum(clean, 'runs')];
    return `| ${[...cells, `${date}, ${commit}`].join(' | ')} |`;
  });
  const clean = all.slice(all.findLastIndex(({ findings }) => findings !== '') + 1);
  const count = sum(clean, 'runs');
  const bound =
    count === 0
      ? 'The last run had a finding; nothing may be claimed until it is mended and run again.'
      : ruleOfThree(count, String(count), 'a run');
  const flawed = all.filter(({ findings }) => findings !== '');
  return [
    bound,
    '',
    '| connector | runs | kills | records | runs with findings | runs since then | last run |',
    '|---|---|---|---|---|---|---|',
    ...rows,
    ...(flawed.length === 0 ? [] : ['', '| date | commit | connector | found |', '|---|---|---|---|']),
    ...flawed.map(({ date, commit, subject, findings }) => `| ${date} | ${commit} | ${subject} | ${findings.replaceAll('|', '/')} |`),
  ].join('\n');
}

function readKillRecords(): readonly KillRecord[] {
  if (!existsSync(RESULTS_FILE)) return [];
  return (JSON.parse(readFileSync(RESULTS_FILE, 'utf8')) as { readonly runs: readonly KillRecord[] }).runs;
}

function sum(records: readonly KillRecord[], of: 'runs' | 'faults' | 'records'): number {
  return records.reduce((total, record) => total + record[of], 0);
}

/** The commit that runs, with a mark when files have changed since. */
function currentCommit(): string {
  const git = (...parameters: readonly string[]): string => execFileSync('git', [...parameters], { encoding: 'utf8' }).trim();
  return `${git('rev-parse', '--short', 'HEAD')}${git('status', '--porcelain', '--', 'apps', 'libs') === '' ? '' : '+'}`;
}
