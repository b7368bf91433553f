import type { Machine } from '../measure/machine.ts';
import type { Spread } from '../measure/statistics.ts';
import { type Figure, reached } from './figure.ts';
import { numberText } from './number-text.ts';
import type { ScenarioResult } from './results.ts';

/** All results in Markdown: for each scenario how it was measured, and a table for each group of its figures. */
export function renderResults(results: readonly ScenarioResult[]): string {
  return results.map(renderResult).join('\n\n');
}

/** The figures of one scenario: a table for each group. */
export function renderFigures(figures: readonly Figure[]): string {
  return [...Map.groupBy(figures, ({ group }) => group)].map(([group, ofGroup]) => renderGroup(group, ofGroup)).join('\n\n');
}

export function renderMachine(machine: Machine): string {
  return `${machine.cores} cores of ${machine.cpu}, ${machine.memoryGiB} GiB, Linux ${machine.kernel}, Node ${machine.node}`;
}

function renderResult(result: ScenarioResult): string {
  const { scenario, measuredOn, machine, runs, scale, command, figures, notRun } = result;
  if (notRun !== undefined) return `### ${scenario}\n\nNot run on ${measuredOn}: ${notRun}.`;
  const size = scale === 1 ? '' : `, at ${scale} of the size that the goals are meant for`;
  const how = `${measuredOn}, ${renderMachine(machine)}; median of ${runs}${size}; \`${command}\``;
  return `### ${scenario}\n\n${how}\n\n${renderFigures(figures)}`;
}

function renderGroup(group: string, figures: readonly Figure[]): string {
  const compared = figures.some(({ kafka, missingPairs }) => kafka !== undefined || missingPairs !== undefined);
  const head = compared ? ['', 'unit', 'Moldau', 'Kafka', 'ratio', 'goal'] : ['', 'unit', 'Moldau', 'goal'];
  const rows = figures.map((figure) => {
    const own = [figure.name, figure.unit, spread(figure.ours)];
    const theirs = compared ? [figure.kafka ? spread(figure.kafka) : '', ratioOf(figure)] : [];
    return [...own, ...theirs, goalOf(figure)];
  });
  return [`**${group}**`, '', row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n');
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

function ratioOf({ ratio, missingPairs }: Figure): string {
  const missing = missingPairs === undefined ? [] : [`${missingPairs} ${missingPairs === 1 ? 'pair' : 'pairs'} missing`];
  return [...(ratio === undefined ? [] : [`${spread(ratio)} ×`]), ...missing].join(', ');
}

function goalOf(figure: Figure): string {
  if (figure.goal === undefined) return '';
  const met = reached(figure);
  const { kind, value } = figure.goal;
  const sign = kind.endsWith('at least') ? '≥' : '≤';
  const text = `${sign} ${kind.startsWith('ratio') ? `${value} ×` : numberText(value)}`;
  return met === undefined ? `${text}, not compared` : `${text} ${met ? '✓' : '✗'}`;
}

function spread({ min, median, max }: Spread): string {
  if (min === max) return numberText(median);
  return `${numberText(median)} (${numberText(min)}–${numberText(max)})`;
}
