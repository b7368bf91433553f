import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Mutation } from '../mutation/mutation.ts';
import { MUTATIONS } from '../mutation/mutations.ts';

/** The page with the table of planted bugs. */
const PAGE = fileURLToPath(new URL('../../../../docs/simulation.md', import.meta.url));
const HEAD = '| bug | seeds | found as |\n|---|---|---|\n';
const ROW = /^\| `(?<name>[^`]+)`: .* \| (?<seeds>\d+) \|/;

/** How a planted bug was found. */
export interface FoundMutation {
  readonly mutation: Mutation;
  /** Runs that it took, from seed 1 on: the seed of the one that found it. */
  readonly seeds: number;
  /** Names of what it found, the first first. */
  readonly findings: readonly string[];
}

/** The seeds that find each bug, by the page. */
export function publishedSeeds(): ReadonlyMap<string, number> {
  const seeds = new Map<string, number>();
  for (const line of readFileSync(PAGE, 'utf8').split('\n')) {
    const groups = ROW.exec(line)?.groups;
    if (groups !== undefined) seeds.set(groups['name'] ?? '', Number(groups['seeds']));
  }
  return seeds;
}

/** One line of the table. */
export function mutationRow({ mutation: { name, description }, seeds, findings }: FoundMutation): string {
  return `| \`${name}\`: ${description} | ${seeds} | ${findings.map((finding) => `\`${finding}\``).join(', ')} |`;
}

/** Puts what was found into the page; bugs that are not among it keep their rows. */
export function publish(found: readonly FoundMutation[]): void {
  const page = readFileSync(PAGE, 'utf8');
  const start = page.indexOf(HEAD);
  if (start < 0) throw new Error(`${PAGE} has no table of planted bugs`);
  const from = start + HEAD.length;
  const until = page.indexOf('\n\n', from) + 1;
  const before = new Map(
    page
      .slice(from, until)
      .split('\n')
      .map((line) => [ROW.exec(line)?.groups?.['name'], line] as const),
  );
  const rows = MUTATIONS.map((mutation) => {
    const anew = found.find((one) => one.mutation.name === mutation.name);
    return anew === undefined ? before.get(mutation.name) : mutationRow(anew);
  });
  writeFileSync(PAGE, `${page.slice(0, from)}${rows.filter((row) => row !== undefined).join('\n')}\n${page.slice(until)}`);
}
