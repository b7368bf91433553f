/** What became of numbered records, sent in their order to each partition. */
export interface LedgerTotals {
  readonly sent: number;
  readonly acknowledged: number;
  /** Sends that ended with an error: the record may be in the log or not. */
  readonly failed: number;
  /** Different records that were read. */
  readonly read: number;
  /** Acknowledged and not read: while reading goes on, those that are on their way. */
  readonly unread: number;
  /** Records read once more than they were sent. */
  readonly duplicated: number;
  /** Records read behind one that was sent to the same partition after them. */
  readonly reordered: number;
}

const ACKNOWLEDGED = 1;
const READ = 2;
const FAILED = 4;

/** Counts by the record, so that nothing is told twice and nothing is forgotten. */
export class Ledger {
  #states: Uint8Array = new Uint8Array(1 << 16);
  /** Newest number read from each partition. */
  readonly #newest = new Map<number, number>();
  #sent = 0;
  #acknowledged = 0;
  #failed = 0;
  #read = 0;
  #unread = 0;
  #duplicated = 0;
  #reordered = 0;

  /** The number of the next record. */
  next(): number {
    const number = this.#sent;
    this.#sent += 1;
    if (this.#sent > this.#states.length) {
      const states = new Uint8Array(2 * this.#states.length);
      states.set(this.#states);
      this.#states = states;
    }
    return number;
  }

  acknowledged(number: number): void {
    this.#acknowledged += 1;
    if (!this.#is(number, READ)) this.#unread += 1;
    this.#mark(number, ACKNOWLEDGED);
  }

  failed(number: number): void {
    this.#failed += 1;
    this.#mark(number, FAILED);
  }

  /** A record that this program never sent counts as a duplicate of nothing: it should not be there. */
  read(partition: number, number: number): void {
    if (number >= this.#sent || this.#is(number, READ)) {
      this.#duplicated += 1;
      return;
    }
    this.#read += 1;
    if (this.#is(number, ACKNOWLEDGED)) this.#unread -= 1;
    this.#mark(number, READ);
    const newest = this.#newest.get(partition) ?? -1;
    if (number < newest) this.#reordered += 1;
    else this.#newest.set(partition, number);
  }

  totals(): LedgerTotals {
    return {
      sent: this.#sent,
      acknowledged: this.#acknowledged,
      failed: this.#failed,
      read: this.#read,
      unread: this.#unread,
      duplicated: this.#duplicated,
      reordered: this.#reordered,
    };
  }

  #is(number: number, state: number): boolean {
    return ((this.#states[number] ?? 0) & state) !== 0;
  }

  #mark(number: number, state: number): void {
    this.#states[number] = (this.#states[number] ?? 0) | state;
  }
}
