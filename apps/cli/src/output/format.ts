import type { Terminal } from '../terminal.ts';

export const OUTPUT_FORMATS = ['table', 'json'] as const;

export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

export async function writeJson(terminal: Terminal, value: unknown): Promise<void> {
  await terminal.write(`${JSON.stringify(value, undefined, 2)}\n`);
}
