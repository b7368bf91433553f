import { ruleOfThree } from '@moldau/harness';
import { type Campaign, joined } from './campaign.ts';

/** What the campaigns say, as Markdown. */
export function renderResults(campaigns: readonly Campaign[]): string {
  const [first, ...others] = campaigns;
  if (first === undefined) return 'No campaign has been run yet.';
  const all = others.reduce(joined, first);
  const factors = Object.entries(all.runsByFactor).map(
    ([factor, runs]) => `${numberOf(runs)} with ${factor} ${factor === '1' ? 'replica' : 'replicas'}`,
  );
  return [
    `In all: ${numberOf(all.runs)} runs (${factors.join(', ')}), ${numberOf(all.simulatedSeconds)} simulated seconds, ${numberOf(all.faults)} faults, ${numberOf(all.acknowledged)} records acknowledged, ${numberOf(all.refused)} refused, ${numberOf(all.unknown)} unknown.`,
    '',
    bound(campaigns),
    '',
    '| date | commit | seeds | options | runs | records acknowledged | faults | found |',
    '|---|---|---|---|---|---|---|---|',
    ...campaigns.map(row),
  ].join('\n');
}

/** What may be said: only of runs behind the last ones that found something. */
function bound(campaigns: readonly Campaign[]): string {
  const last = campaigns.findLastIndex(({ unsafeRuns }) => unsafeRuns > 0);
  const runs = campaigns.slice(last + 1).reduce((sum, campaign) => sum + campaign.runs, 0);
  const since =
    last < 0
      ? 'In all of them'
      : `Since the last campaign that found something unsafe, at commit ${campaigns[last]?.commit}, in ${numberOf(runs)} of them`;
  if (runs === 0) return 'The last campaign found something; nothing may be claimed until it is mended and the seeds are run again.';
  return `${since} no record was lost, repeated, reordered or altered. ${ruleOfThree(runs, numberOf(runs), 'a run')}`;
}

function row({ date, commit, from, to, options, runs, acknowledged, faults, findings }: Campaign): string {
  const found = Object.entries(findings).map(([name, count]) => `${name} (${count})`);
  const cells = [
    date,
    commit,
    `${from}–${to}`,
    options,
    numberOf(runs),
    numberOf(acknowledged),
    numberOf(faults),
    found.join(', ') || 'nothing',
  ];
  return `| ${cells.join(' | ')} |`;
}

function numberOf(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}
