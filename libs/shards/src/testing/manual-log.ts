import { type EncodedRecord, leaderEpoch, MoldauError, type Offset, offset } from '@moldau/kernel';
import { buildControlBatch, countAt, RecordBatchBuilder, readBatch, stampPosition } from '@moldau/records';
import type { ShardAppend, ShardAppended, ShardLog } from '../shard-log.ts';

/** A log that answers each append when it is told to. */
export class ManualLog implements ShardLog {
  readonly appends: ShardAppend[] = [];
  readonly #answers: ((outcome: ShardAppended | MoldauError) => void)[] = [];
  #batches: Uint8Array[] = [];
  #end = 0;
  reads = 0;
  /** Chunks after which a reading breaks off. */
  breakAfter = Number.POSITIVE_INFINITY;

  store(records: readonly EncodedRecord[]): void {
    const builder = new RecordBatchBuilder({ targetBytes: 1 << 20, maxBytes: 1 << 20 });
    for (const { key, value } of records) builder.append(0, key, value ?? null);
    this.#push(builder.build());
  }

  append(append: ShardAppend): Promise<ShardAppended> {
    this.appends.push(append);
    return new Promise((resolve, reject) => {
      this.#answers.push((outcome) => (outcome instanceof MoldauError ? reject(outcome) : resolve(outcome)));
    });
  }

  /** The oldest append that waits is committed, or fails. */
  answer(error?: MoldauError): void {
    const append = this.appends[this.appends.length - this.#answers.length];
    const answer = this.#answers.shift();
    if (append === undefined || answer === undefined) throw new Error('no append waits');
    if (error !== undefined) return answer(error);
    const baseOffset = offset(this.#end);
    const isMark = append.recordBatch.length === 0;
    this.#push(isMark ? buildControlBatch(1000, new Uint8Array(4), { timestamp: 0 }) : append.recordBatch);
    answer({ baseOffset, endOffset: offset(this.#end) });
  }

  async *read(from: Offset): AsyncGenerator<Uint8Array> {
    this.reads += 1;
    let left = this.breakAfter;
    for (const batch of this.#batches.filter((bytes) => readBatch(bytes).lastOffset >= from)) {
      if (left === 0) throw new MoldauError('NOT_LEADER', 'the leader has moved');
      left -= 1;
      yield await Promise.resolve(batch);
    }
  }

  #push(batch: Uint8Array): void {
    const bytes = Uint8Array.from(batch);
    stampPosition(bytes, 0, offset(this.#end), leaderEpoch(0));
    this.#batches.push(bytes);
    this.#end += countAt(bytes, 0);
  }
}
