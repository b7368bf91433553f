import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Machine } from '../measure/machine.ts';
import type { Figure } from './figure.ts';
import { renderFigures, renderMachine } from './render.ts';

const BEGIN = '<!-- figures: written by npm run bench -- --write -->';
const END = '<!-- end of figures -->';

/** Puts the figures between the two marks of docs/performance.md; the words around them stay. */
export function writePerformancePage(root: string, machine: Machine, runs: number, figures: readonly Figure[]): void {
  const path = join(root, 'docs/performance.md');
  const page = readFileSync(path, 'utf8');
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`${path} lacks the marks between which the figures stand`);
  const preface = `Measured on ${renderMachine(machine)}; median of ${runs} (least–greatest); ratios pair by pair.`;
  writeFileSync(path, `${page.slice(0, begin)}${BEGIN}\n${preface}\n\n${renderFigures(figures)}\n${page.slice(end)}`);
}
