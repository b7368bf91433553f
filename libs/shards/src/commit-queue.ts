import { type EncodedRecord, MoldauError } from '@moldau/kernel';
import type { ShardLimits } from './shard-limits.ts';

/** An operation that has run, until its caller has been answered and its records are committed. */
export interface WaitingOperation {
  readonly records: readonly EncodedRecord[];
  /** Of its records in a batch, at most. */
  readonly sizeBytes: number;
  readonly deadlineMs: number;
  /** Releases notices and response. */
  readonly commit: () => void;
  /** Answers the caller; after the first call, and after `commit`, without effect. */
  readonly reject: (error: MoldauError) => void;
}

/** What goes into one append. */
export interface CommitRound {
  readonly operations: readonly WaitingOperation[];
  readonly recordCount: number;
  readonly sizeBytes: number;
}

/** Most that the fields of a record besides key and value take: lengths, deltas and attributes as varints. */
const RECORD_OVERHEAD_BYTES = 32;

/** What records take in a batch, at most. */
export function sizeOfRecords(records: readonly EncodedRecord[]): number {
  let bytes = 0;
  for (const { key, value } of records) bytes += key.length + (value?.length ?? 0) + RECORD_OVERHEAD_BYTES;
  return bytes;
}

/** Operations in the order in which they ran, until a round takes them. */
export class CommitQueue {
  readonly #limits: Pick<ShardLimits, 'operationsMax' | 'queuedBytesMax' | 'batchBytesTarget'>;
  #operations: WaitingOperation[] = [];
  #head = 0;
  #bytes = 0;

  constructor(limits: Pick<ShardLimits, 'operationsMax' | 'queuedBytesMax' | 'batchBytesTarget'>) {
    this.#limits = limits;
  }

  get length(): number {
    return this.#operations.length - this.#head;
  }

  /** Of records. */
  get bytes(): number {
    return this.#bytes;
  }

  /** To be asked before an operation runs, as nobody knows its size before. @throws MoldauError SHARD_OVERLOADED */
  assertRoom(shard: number): void {
    const { operationsMax, queuedBytesMax } = this.#limits;
    if (this.length >= operationsMax) throw overloaded(shard, 'operations', this.length, operationsMax);
    if (this.#bytes >= queuedBytesMax) throw overloaded(shard, 'bytes', this.#bytes, queuedBytesMax);
  }

  push(operation: WaitingOperation): void {
    this.#operations.push(operation);
    this.#bytes += operation.sizeBytes;
  }

  /** The next round: as many operations as fit one batch, whole ones, at least one. */
  take(): CommitRound {
    const { batchBytesTarget } = this.#limits;
    const from = this.#head;
    let [recordCount, sizeBytes] = [0, 0];
    while (this.#head < this.#operations.length) {
      const next = this.#operations[this.#head]!;
      if (this.#head > from && next.sizeBytes > 0 && sizeBytes + next.sizeBytes > batchBytesTarget) break;
      recordCount += next.records.length;
      sizeBytes += next.sizeBytes;
      this.#head += 1;
    }
    const operations = this.#operations.slice(from, this.#head);
    this.#bytes -= sizeBytes;
    if (this.#head === this.#operations.length || this.#head >= this.#limits.operationsMax) {
      this.#operations = this.#operations.slice(this.#head);
      this.#head = 0;
    }
    return { operations, recordCount, sizeBytes };
  }

  /** Those that no round has taken, oldest first. */
  *waiting(): Generator<WaitingOperation> {
    for (let at = this.#head; at < this.#operations.length; at += 1) yield this.#operations[at]!;
  }
}

function overloaded(shard: number, of: string, value: number, limit: number): MoldauError {
  const facts = { shard: String(shard), value: String(value), limit: String(limit) };
  return new MoldauError('SHARD_OVERLOADED', `${value} ${of} wait for shard ${shard}`, facts);
}
