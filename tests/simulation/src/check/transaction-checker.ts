import { identityOf, type Read, type ValueIdentity } from '@moldau/harness/history';
import type { Findings } from './findings.ts';

/** `open`: its end was not asked for. `unknown`: it was, and the outcome is not known. */
export type TransactionFate = 'open' | 'unknown' | 'committed' | 'aborted';

/** One transaction of a writer, as the writer knows it. */
export interface WrittenTransaction {
  readonly name: string;
  records: number;
  fate: TransactionFate;
}

/** Each transaction is all or nothing to readers of committed records, and what its writer was told. */
export class TransactionChecker {
  readonly #findings: Findings;
  readonly #transactions = new Map<string, WrittenTransaction>();

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  begin(name: string): WrittenTransaction {
    const transaction: WrittenTransaction = { name, records: 0, fate: 'open' };
    this.#transactions.set(name, transaction);
    return transaction;
  }

  /** How many have this fate. */
  count(fate: TransactionFate): number {
    return [...this.#transactions.values()].filter((one) => one.fate === fate).length;
  }

  /** `log`: all that a reader of committed records sees at the end. */
  checkFinal(log: readonly Read[]): void {
    const seen = new Map<string, Map<number, number>>();
    for (const { value, partition, offset } of log) {
      const identity = value === null ? undefined : identityOf(value);
      if (identity === undefined || !this.#transactions.has(identity.producer)) {
        this.#findings.add('phantom', `offset ${offset} of partition ${partition} of the ledger was written by nobody`);
        continue;
      }
      this.#count(seen, identity);
    }
    for (const transaction of this.#transactions.values()) this.#check(transaction, seen.get(transaction.name) ?? new Map());
  }

  /** What a reader of committed records saw while all went on is there at the end, where it was. */
  checkLive(name: string, live: readonly Read[], log: readonly Read[]): void {
    const final = new Map(log.map((read) => [placeOf(read), textOf(read)]));
    const before = new Map<number, number>();
    for (const read of live) {
      const { partition, offset } = read;
      const last = before.get(partition) ?? -1;
      this.#findings.expect(offset > last, 'int-nonmonotonic-poll', () => `${name} read offset ${offset} of ${partition} after ${last}`);
      before.set(partition, offset);
      const there = final.get(placeOf(read));
      this.#findings.expect(there === textOf(read), 'G1a', () => {
        return `${name} read ${textOf(read)} at offset ${offset} of partition ${partition}, where committed records have ${there ?? 'nothing'}`;
      });
    }
  }

  #count(seen: Map<string, Map<number, number>>, { producer, sequence }: ValueIdentity): void {
    const records = seen.get(producer) ?? new Map<number, number>();
    seen.set(producer, records);
    records.set(sequence, (records.get(sequence) ?? 0) + 1);
  }

  #check({ name, records, fate }: WrittenTransaction, seen: ReadonlyMap<number, number>): void {
    const detail = (): string => `transaction ${name} is ${fate}; of its ${records} records ${seen.size} are seen`;
    const expect = (holds: boolean, finding: string): void => this.#findings.expect(holds, finding, detail);
    expect(
      [...seen.values()].every((times) => times === 1),
      'duplicate',
    );
    expect(seen.size === 0 || seen.size === records, 'torn-transaction');
    if (fate === 'committed') expect(seen.size === records, 'lost-transaction');
    if (fate === 'aborted' || fate === 'open') expect(seen.size === 0, 'aborted-read');
  }
}

/** The copy has each record of the input once, in its partition and in its order. */
export function checkCopy(findings: Findings, input: readonly Read[], copy: readonly Read[]): void {
  const [wanted, had] = [byPartition(input), byPartition(copy)];
  for (const [partition, values] of wanted) {
    const copies = had.get(partition) ?? [];
    const at = values.findIndex((value, index) => copies[index] !== value);
    const same = at < 0 && copies.length === values.length;
    findings.expect(same, 'copy-differs', () => {
      const where = at < 0 ? values.length : at;
      const twice = copies.length - new Set(copies).size;
      return `partition ${partition} has ${values.length} records, its copy ${copies.length}, ${twice} of them twice; record ${where} is ${copies[where] ?? 'missing'}, not ${values[where] ?? 'the end'}`;
    });
  }
}

function byPartition(log: readonly Read[]): Map<number, string[]> {
  const partitions = new Map<number, string[]>();
  for (const read of log) {
    const values = partitions.get(read.partition) ?? [];
    partitions.set(read.partition, values);
    values.push(textOf(read));
  }
  return partitions;
}

function placeOf({ partition, offset }: Read): string {
  return `${partition}/${offset}`;
}

function textOf({ value }: Read): string {
  const identity = value === null ? undefined : identityOf(value);
  return identity === undefined ? 'foreign' : `${identity.producer}:${identity.sequence}`;
}
