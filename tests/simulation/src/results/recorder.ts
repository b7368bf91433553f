import { fileURLToPath } from 'node:url';
import type { SeedReport } from '../run/seed-report.ts';
import { type Campaign, campaignOf, joined } from './campaign.ts';
import { writeReliabilityPage } from './reliability-page.ts';
import { ResultsFile } from './results-file.ts';
import { testedCommit } from './tested-commit.ts';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
export const RESULTS_PATH = `${ROOT}docs/simulation-results.json`;
export const PAGE_PATH = `${ROOT}docs/reliability.md`;

/** Notes what runs found in the checked-in results and the page that shows them. */
export class Recorder {
  readonly #file = new ResultsFile(RESULTS_PATH);
  readonly #where: Pick<Campaign, 'date' | 'commit' | 'options'>;
  #campaign: Campaign | undefined;

  /** @throws Error when the code is not that of a commit, or the commit has run some of these seeds already */
  constructor(seeds: Pick<Campaign, 'from' | 'to' | 'options'>) {
    const commit = testedCommit(ROOT);
    if (this.#file.holds({ commit, ...seeds }))
      throw new Error(`commit ${commit} has run some of the seeds ${seeds.from} to ${seeds.to} already`);
    this.#where = { date: new Date().toISOString().slice(0, 10), commit, options: seeds.options };
  }

  note(report: SeedReport): void {
    const campaign = campaignOf(report, this.#where);
    this.#campaign = this.#campaign === undefined ? campaign : joined(this.#campaign, campaign);
  }

  /** Writes what was noted since the last time. The runs in between must be all of their seeds. @throws Error when the code has changed */
  write(): void {
    if (this.#campaign === undefined) return;
    if (testedCommit(ROOT) !== this.#where.commit) throw new Error('another commit was checked out meanwhile');
    this.#file.add(this.#campaign);
    this.#campaign = undefined;
    writeReliabilityPage(PAGE_PATH, this.#file.campaigns);
  }
}
