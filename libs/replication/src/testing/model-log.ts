import { assert, type Offset } from '@moldau/kernel';
import type { EpochEnd } from '../divergence.ts';
import { NO_EPOCH } from '../divergence.ts';
import type { FollowerLog } from '../follower/follower-log.ts';
import type { BatchRun } from '../follower/follower-news.ts';

/** A record of the model: unique by its value, batches of one. */
export interface ModelRecord {
  readonly epoch: number;
  readonly value: number;
}

export function sameRecord(left: ModelRecord | undefined, right: ModelRecord | undefined): boolean {
  return left?.epoch === right?.epoch && left?.value === right?.value;
}

/** A log that remembers what a kill and what a power loss would leave of it. */
export class ModelLog implements FollowerLog {
  readonly #records: (ModelRecord | undefined)[] = [];
  startOffset = 0 as Offset;
  writtenEnd = 0 as Offset;
  flushedEnd = 0 as Offset;
  highWatermark = 0 as Offset;
  /** The high watermark on disk. */
  checkpoint = 0 as Offset;

  get endOffset(): Offset {
    return this.#records.length as Offset;
  }

  get lastEpoch(): number {
    return this.at(this.endOffset - 1)?.epoch ?? NO_EPOCH;
  }

  /** Undefined below the start. */
  at(offset: number): ModelRecord | undefined {
    return offset >= this.startOffset ? this.#records[offset] : undefined;
  }

  endOffsetFor(epoch: number): EpochEnd | undefined {
    for (let offset = this.endOffset - 1; offset >= this.startOffset; offset--) {
      const record = this.at(offset);
      if (record !== undefined && record.epoch <= epoch) return { epoch: record.epoch, endOffset: offset + 1 };
    }
    return undefined;
  }

  append(records: readonly ModelRecord[]): void {
    for (const record of records) {
      assert(record.epoch >= this.lastEpoch, 'epochs of a log never fall', { epoch: record.epoch, lastEpoch: this.lastEpoch });
      this.#records.push(record);
    }
  }

  read(from: Offset, count: number): BatchRun {
    const records = this.#records.slice(from, from + count);
    const numbers = records.flatMap((record) => (record === undefined ? [] : [record.epoch, record.value]));
    return { bytes: new Uint8Array(Int32Array.from(numbers).buffer), baseOffset: from, endOffset: (from + records.length) as Offset };
  }

  write(to: number): void {
    this.writtenEnd = Math.max(this.writtenEnd, Math.min(to, this.endOffset)) as Offset;
  }

  flush(): void {
    this.flushedEnd = this.writtenEnd;
  }

  /** Durably. */
  cut(to: Offset): void {
    this.#records.length = Math.min(this.#records.length, to);
    this.writtenEnd = Math.min(this.writtenEnd, to) as Offset;
    this.flushedEnd = Math.min(this.flushedEnd, to) as Offset;
    this.highWatermark = Math.min(this.highWatermark, to) as Offset;
    this.checkpoint = Math.min(this.checkpoint, to) as Offset;
  }

  /** Durably. */
  beginAnew(at: Offset): void {
    this.#records.length = 0;
    this.#records.length = at;
    this.startOffset = at;
    this.writtenEnd = at;
    this.flushedEnd = at;
    this.highWatermark = at;
    this.checkpoint = at;
  }

  /** What opening it finds after a stop that left `kept`. */
  reopen(kept: number): void {
    const { checkpoint } = this;
    this.cut(kept as Offset);
    this.writtenEnd = this.endOffset;
    this.highWatermark = Math.max(this.startOffset, Math.min(checkpoint, this.endOffset)) as Offset;
  }
}

export function recordsOf(bytes: Uint8Array): ModelRecord[] {
  const numbers = new Int32Array(bytes.buffer);
  return Array.from({ length: numbers.length / 2 }, (_, index) => ({ epoch: numbers[2 * index] ?? 0, value: numbers[2 * index + 1] ?? 0 }));
}
