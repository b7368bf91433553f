import type { ByteReader, ByteWriter } from './byte-codec.ts';

/** A transaction that a marker in this partition has ended. */
export interface EndedTransaction {
  readonly producerId: number;
  /** Of its first batch. */
  readonly firstOffset: number;
  /** Of its marker. */
  readonly markerOffset: number;
  readonly outcome: 'commit' | 'abort';
  /** Below it no transaction was open once the marker was there: none that ends later begins before. */
  readonly decidedEnd: number;
}

/** An aborted transaction: batches of this producer from the first offset up to the marker don't count. */
export interface AbortedTransaction {
  readonly producerId: number;
  readonly firstOffset: number;
  readonly markerOffset: number;
  readonly decidedEnd: number;
}

/**
 * Transactions whose marker is not committed yet. Until it is, readers of committed records stop before their first batch:
 * what a marker says may still be cut off.
 */
export class UncommittedEnds {
  /** By marker, ascending. */
  #ends: EndedTransaction[] = [];
  #highWatermark = 0;

  note(ended: EndedTransaction): void {
    if (ended.markerOffset >= this.#highWatermark) this.#ends.push(ended);
  }

  /** The high watermark rose. */
  advance(highWatermark: number): void {
    this.#highWatermark = highWatermark;
    if (this.#ends.length === 0) return;
    const waiting = this.#ends.findIndex(({ markerOffset }) => markerOffset >= highWatermark);
    this.#ends.splice(0, waiting < 0 ? this.#ends.length : waiting);
  }

  /** The log ends at `offset` now. */
  truncate(offset: number): void {
    this.#highWatermark = Math.min(this.#highWatermark, offset);
    this.#ends = this.#ends.filter(({ markerOffset }) => markerOffset < offset);
  }

  /** The first offset of one of them. */
  get firstOffset(): number | undefined {
    let first: number | undefined;
    for (const { firstOffset } of this.#ends) if (first === undefined || firstOffset < first) first = firstOffset;
    return first;
  }

  encode(writer: ByteWriter): void {
    writer.int32(this.#ends.length);
    for (const ended of this.#ends) {
      writeTransaction(writer, ended);
      writer.uint8(ended.outcome === 'commit' ? 1 : 0);
    }
  }

  restore(reader: ByteReader): void {
    this.#ends = [];
    for (let left = reader.int32(); left > 0; left--) {
      const transaction = readTransaction(reader);
      this.#ends.push({ ...transaction, outcome: reader.uint8() === 1 ? 'commit' : 'abort' });
    }
  }
}

export function writeAborted(writer: ByteWriter, aborted: readonly AbortedTransaction[]): void {
  writer.int32(aborted.length);
  for (const transaction of aborted) writeTransaction(writer, transaction);
}

export function readAborted(reader: ByteReader): AbortedTransaction[] {
  const aborted: AbortedTransaction[] = [];
  for (let left = reader.int32(); left > 0; left--) aborted.push(readTransaction(reader));
  return aborted;
}

function writeTransaction(writer: ByteWriter, transaction: AbortedTransaction): void {
  writer.int64(transaction.producerId);
  writer.int64(transaction.firstOffset);
  writer.int64(transaction.markerOffset);
  writer.int64(transaction.decidedEnd);
}

function readTransaction(reader: ByteReader): AbortedTransaction {
  return { producerId: reader.int64(), firstOffset: reader.int64(), markerOffset: reader.int64(), decidedEnd: reader.int64() };
}
