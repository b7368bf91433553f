import Table from 'cli-table3';
import type { Terminal } from '../terminal.ts';

const BARE = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
};

/** Aligned columns without lines: easy to read, easy to cut. */
export async function writeTable(terminal: Terminal, head: readonly string[], rows: readonly (readonly string[])[]): Promise<void> {
  const table = new Table({ head: [...head], chars: BARE, style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 } });
  for (const row of rows) table.push([...row]);
  const lines = table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd());
  await terminal.write(`${lines.join('\n')}\n`);
}
