import type { Machine } from '../measure/machine.ts';
import type { Spread } from '../measure/statistics.ts';
import { type Figure, reached } from './figure.ts';

/** A table of the figures in Markdown, group by group. */
export function renderFigures(figures: readonly Figure[]): string {
  const groups = [...new Set(figures.map((figure) => figure.group))];
  return groups
    .map((group) =>
      renderGroup(
        group,
        figures.filter((figure) => figure.group === group),
      ),
    )
    .join('\n\n');
}

export function renderMachine(machine: Machine): string {
  return `${machine.cores} cores of ${machine.cpu}, ${machine.memoryGiB} GiB, Linux ${machine.kernel}, Node ${machine.node}`;
}

function renderGroup(group: string, figures: readonly Figure[]): string {
  const compared = figures.some((figure) => figure.kafka !== undefined);
  const head = compared ? ['', 'unit', 'Moldau', 'Kafka', 'ratio', 'goal'] : ['', 'unit', 'Moldau', 'goal'];
  const rows = figures.map((figure) => {
    const goal = goalOf(figure);
    const own = [figure.name, figure.unit, spread(figure.ours)];
    return compared
      ? [...own, figure.kafka ? spread(figure.kafka) : '', figure.ratio ? `${spread(figure.ratio)} ×` : '', goal]
      : [...own, goal];
  });
  return [`### ${group}`, '', row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n');
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

function goalOf(figure: Figure): string {
  if (figure.goal === undefined) return '';
  const met = reached(figure);
  const { kind, value } = figure.goal;
  const sign = kind.endsWith('at least') ? '≥' : '≤';
  const text = `${sign} ${kind.startsWith('ratio') ? `${value} ×` : number(value)}`;
  return met === undefined ? text : `${text} ${met ? '✓' : '✗'}`;
}

function spread({ min, median, max }: Spread): string {
  if (min === max) return number(median);
  return `${number(median)} (${number(min)}–${number(max)})`;
}

function number(value: number): string {
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en');
  return value.toLocaleString('en', { maximumSignificantDigits: 3 });
}
