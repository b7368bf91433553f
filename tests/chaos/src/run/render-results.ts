import { ruleOfThree, sectionMarks, withSection } from '@moldau/harness';
import type { RunRecord } from './results-file.ts';

const MARKS = sectionMarks('chaos', 'npm run test:chaos -- --write');

/** The page with the results between its two marks; the words around them stay. @throws Error when it has no marks */
export function withResults(page: string, runs: readonly RunRecord[]): string {
  return withSection(page, MARKS, renderResults(runs));
}

/** What the runs say, as Markdown. */
export function renderResults(runs: readonly RunRecord[]): string {
  if (runs.length === 0) return 'No run has been recorded yet.';
  const scenarios = [...new Set(runs.map(({ scenario }) => scenario))].sort();
  const all = totals(runs);
  return [
    `In all: ${all.rounds} fault runs on ${runs.length} clusters, ${all.faults} faults, ${all.acked} records acknowledged, ` +
      `${all.refused} refused, ${all.unknown} unknown, ${all.read} read back.`,
    '',
    bound(runs),
    '',
    '| scenario | fault runs | clusters | faults | records acknowledged | unknown | clusters with findings | last run |',
    '|---|---|---|---|---|---|---|---|',
    ...scenarios.map((scenario) => {
      const own = runs.filter((run) => run.scenario === scenario);
      const { rounds, faults, acked, unknown } = totals(own);
      const found = own.filter(({ findings }) => findings !== '').length;
      const { date, commit } = own.at(-1) as RunRecord;
      return `| ${[scenario, rounds, own.length, faults, acked, unknown, found, `${date}, ${commit}`].join(' | ')} |`;
    }),
    ...found(runs),
  ].join('\n');
}

/** What may be said: only of runs behind the last one that found something, as that was mended. */
function bound(runs: readonly RunRecord[]): string {
  const last = runs.findLastIndex(({ findings }) => findings !== '');
  const rounds = runs.slice(last + 1).reduce((sum, run) => sum + run.rounds, 0);
  if (rounds === 0) return 'The last cluster had a finding; nothing may be claimed until it is mended and run again.';
  const since = last < 0 ? 'In all of them' : `In the last ${rounds} of them, after the last finding,`;
  return `${since} no record was lost, repeated, reordered or altered, and all replicas were equal. ${ruleOfThree(rounds, String(rounds), 'a fault run')}`;
}

function found(runs: readonly RunRecord[]): readonly string[] {
  const flawed = runs.filter(({ findings }) => findings !== '');
  if (flawed.length === 0) return [];
  const row = ({ date, commit, scenario, seed, findings }: RunRecord): string =>
    `| ${date} | ${commit} | ${scenario} | ${seed} | ${findings.replaceAll('|', '/').replaceAll('\n', ' ')} |`;
  return ['', '| date | commit | scenario | seed | found |', '|---|---|---|---|---|', ...flawed.map(row)];
}

function totals(runs: readonly RunRecord[]): Readonly<Record<'rounds' | 'faults' | 'acked' | 'refused' | 'unknown' | 'read', string>> {
  const sum = (of: 'rounds' | 'faults' | 'acked' | 'refused' | 'unknown' | 'read'): string =>
    runs.reduce((total, run) => total + run[of], 0).toLocaleString('en-US');
  return {
    rounds: sum('rounds'),
    faults: sum('faults'),
    acked: sum('acked'),
    refused: sum('refused'),
    unknown: sum('unknown'),
    read: sum('read'),
  };
}
