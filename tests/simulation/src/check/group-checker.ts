import type { Findings } from './findings.ts';

/** One life of a member, from its join to its loss, as its program knows it. */
export interface Tenure {
  readonly member: string;
  readonly partition: number;
  /** Rises with each that begins, whoever's. */
  readonly number: number;
  ended: boolean;
}

/**
 * What a group has committed: never beyond what its members have finished, never back, never lost, and each partition is
 * committed by one member at a time.
 */
export class GroupChecker {
  readonly #findings: Findings;
  readonly #finished = new Map<number, Set<number>>();
  /** Everything below is finished. */
  readonly #frontier = new Map<number, number>();
  /** What was committed for sure. */
  readonly #committed = new Map<number, number>();
  readonly #last = new Map<number, Tenure>();
  #tenures = 0;

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  /** A member has been given a partition. */
  assigned(member: string, partition: number): Tenure {
    return { member, partition, number: ++this.#tenures, ended: false };
  }

  /** A member is done with a record. */
  finished(partition: number, offset: number): void {
    const offsets = this.#finished.get(partition) ?? new Set<number>();
    this.#finished.set(partition, offsets.add(offset));
    let frontier = this.#frontier.get(partition) ?? 0;
    while (offsets.delete(frontier)) frontier += 1;
    this.#frontier.set(partition, frontier);
  }

  /** What is known to be committed now; given to `committing` and `observed` when what they tell of has come. */
  known(partition: number): { readonly offset: number; readonly tenure: Tenure | undefined } {
    return { offset: this.#committed.get(partition) ?? 0, tenure: this.#last.get(partition) };
  }

  /** A commit that began when `before` was known has been accepted. */
  accepted(tenure: Tenure, offset: number, before: ReturnType<GroupChecker['known']>): void {
    const { member, partition, number } = tenure;
    // The other's commit was over when this one began, and the other had got the partition after this one.
    const other = before.tenure;
    this.#findings.expect(other === undefined || other.number <= number, 'two-owners', () => {
      return `${member} could commit partition ${partition}, which ${other?.member} had got after it and had committed`;
    });
    if ((this.#last.get(partition)?.number ?? 0) < number) this.#last.set(partition, tenure);
    this.#committed.set(partition, Math.max(offset, this.#committed.get(partition) ?? 0));
  }

  /** Somebody who asked when `before` was known has been told what is committed; undefined: nothing. */
  observed(who: string, partition: number, offset: number | undefined, before: ReturnType<GroupChecker['known']>): void {
    const frontier = this.#frontier.get(partition) ?? 0;
    const now = offset ?? 0;
    this.#findings.expect(now <= frontier, 'committed-beyond', () => {
      return `${who} heard ${now} of partition ${partition}, whose records are finished below ${frontier}`;
    });
    this.#findings.expect(now >= before.offset, 'committed-back', () => {
      return `${who} heard ${offset ?? 'nothing'} of partition ${partition}, where ${before.offset} was committed`;
    });
    this.#committed.set(partition, Math.max(now, this.#committed.get(partition) ?? 0));
  }
}
