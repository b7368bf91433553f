import type { RunRecord } from './results-file.ts';

const BEGIN = '<!-- chaos: written by npm run test:chaos -- --write -->';
const END = '<!-- end of chaos -->';

/** Failures that n runs without one leave possible: with 95 % confidence, below this divided by n ("rule of three"). */
const RULE_OF_THREE = 3;

/** The page with the results between its two marks; the words around them stay. @throws Error when it has no marks */
export function withResults(page: string, runs: readonly RunRecord[]): string {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new Error('the page lacks the marks between which the results stand');
  return `${page.slice(0, begin)}${BEGIN}\n${renderResults(runs)}\n${page.slice(end)}`;
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
  const rate = ((100 * RULE_OF_THREE) / rounds).toPrecision(2);
  const since = last < 0 ? 'In all of them' : `In the last ${rounds} of them, after the last finding,`;
  return `${since} no record was lost, repeated, reordered or altered, and all replicas were equal. So the chance of it in a fault run is below ${RULE_OF_THREE}/${rounds} = ${rate} % (95 % confidence, rule of three).`;
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
