import { identityOf, keyOf, type Read } from '@moldau/harness/history';
import type { Findings } from './findings.ts';

/**
 * What consumers have read, by partition and offset. An offset has one value for ever, whoever reads it and when; each
 * consumer reads without gap or step back.
 */
export class ReadChecker {
  readonly #findings: Findings;
  readonly #committed: (partition: number, end: number) => void;
  readonly #values = new Map<number, Map<number, string>>();

  /** `committed`: told that a consumer has seen all of a partition below an end. */
  constructor(findings: Findings, committed: (partition: number, end: number) => void) {
    this.#findings = findings;
    this.#committed = committed;
  }

  /** A view for one consumer that reads partitions from their beginning. */
  reader(name: string): { observe(read: Read): void; next(partition: number): number } {
    const positions = new Map<number, number>();
    return {
      observe: (read) => {
        const expected = positions.get(read.partition) ?? 0;
        const detail = (): string => `${name} read offset ${read.offset} of partition ${read.partition} where ${expected} was next`;
        this.#findings.expect(read.offset >= expected, 'int-nonmonotonic-poll', detail);
        this.#findings.expect(read.offset <= expected, 'int-poll-skip', detail);
        positions.set(read.partition, read.offset + 1);
        this.#committed(read.partition, read.offset + 1);
        this.#note(name, read);
      },
      next: (partition) => positions.get(partition) ?? 0,
    };
  }

  /** The log at the end holds all that any consumer has seen. */
  checkFinal(log: readonly Read[]): void {
    const ends = new Map<number, number>();
    for (const read of log) {
      ends.set(read.partition, Math.max(ends.get(read.partition) ?? 0, read.offset + 1));
      this.#note('the final read', read);
    }
    for (const [partition, values] of this.#values) {
      const highest = Math.max(...values.keys());
      const end = ends.get(partition) ?? 0;
      this.#findings.expect(
        highest < end,
        'lost-read',
        () => `offset ${highest} of partition ${partition} was read; the log ends at ${end}`,
      );
    }
  }

  #note(name: string, read: Read): void {
    const identity = read.value === null ? undefined : identityOf(read.value);
    const key = identity === undefined ? 'foreign' : keyOf(identity);
    const values = this.#values.get(read.partition) ?? new Map<number, string>();
    this.#values.set(read.partition, values);
    const before = values.get(read.offset);
    this.#findings.expect(
      before === undefined || before === key,
      'inconsistent-offsets',
      () => `${name} read ${key} at offset ${read.offset} of partition ${read.partition}, where ${before} was read before`,
    );
    values.set(read.offset, key);
  }
}
