import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { type Campaign, joined } from './campaign.ts';

/** All campaigns, oldest first, in one JSON file. */
export class ResultsFile {
  readonly #path: string;
  #campaigns: Campaign[];

  constructor(path: string) {
    this.#path = path;
    this.#campaigns = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as { campaigns: Campaign[] }).campaigns : [];
  }

  get campaigns(): readonly Campaign[] {
    return this.#campaigns;
  }

  /** Whether a run of these seeds on this commit is in the file: a second one would tell nothing new. */
  holds({ commit, from, to, options }: Pick<Campaign, 'commit' | 'from' | 'to' | 'options'>): boolean {
    return this.#campaigns.some((one) => one.commit === commit && one.options === options && one.from <= to && from <= one.to);
  }

  /** Adds a campaign and writes the file; one that goes on where the last one ended is made one with it. */
  add(campaign: Campaign): void {
    const last = this.#campaigns.at(-1);
    const goesOn =
      last !== undefined && last.commit === campaign.commit && last.options === campaign.options && last.to + 1 === campaign.from;
    this.#campaigns = goesOn ? [...this.#campaigns.slice(0, -1), joined(last, campaign)] : [...this.#campaigns, campaign];
    writeFileSync(this.#path, `${JSON.stringify({ campaigns: this.#campaigns }, rounded, 2)}\n`);
  }
}

function rounded(_key: string, value: unknown): unknown {
  return typeof value === 'number' ? Math.round(value) : value;
}
