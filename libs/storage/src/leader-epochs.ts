import { ByteReader, ByteWriter } from './byte-codec.ts';

/** From `startOffset` on, until the next entry, batches carry `epoch`. */
export interface EpochEntry {
  readonly epoch: number;
  readonly startOffset: number;
}

/**
 * Which leader epoch wrote which offsets (KIP-101). Batches carry their epoch; this is a cache of it, kept in memory,
 * flushed at roll and rebuilt from the log when its file is missing or damaged.
 */
export class LeaderEpochs {
  #entries: EpochEntry[];

  constructor(entries: readonly EpochEntry[] = []) {
    this.#entries = [...entries];
  }

  get entries(): readonly EpochEntry[] {
    return this.#entries;
  }

  get latest(): EpochEntry | undefined {
    return this.#entries.at(-1);
  }

  /** Notes that `epoch` begins at `startOffset`; nothing happens for an epoch that is not newer. */
  assign(epoch: number, startOffset: number): void {
    const latest = this.#entries.at(-1);
    if (latest !== undefined && latest.epoch >= epoch) return;
    // An epoch that wrote nothing leaves no trace.
    while ((this.#entries.at(-1)?.startOffset ?? -1) >= startOffset) this.#entries.pop();
    this.#entries.push({ epoch, startOffset });
  }

  /** The epoch of the batch at `offset`; undefined before the first entry. */
  epochAt(offset: number): number | undefined {
    return this.entryAt(offset)?.epoch;
  }

  /** The epoch of the batch at `offset`, and where it began. */
  entryAt(offset: number): EpochEntry | undefined {
    for (let index = this.#entries.length - 1; index >= 0; index--) {
      const entry = this.#entries[index];
      if (entry !== undefined && entry.startOffset <= offset) return entry;
    }
    return undefined;
  }

  /** The largest epoch ≤ `epoch` and where it ends; undefined when all are larger. `endOffset` is the log's end. */
  endOffsetFor(epoch: number, endOffset: number): { readonly epoch: number; readonly endOffset: number } | undefined {
    let end = endOffset;
    for (let index = this.#entries.length - 1; index >= 0; index--) {
      const entry = this.#entries[index];
      if (entry === undefined) break;
      if (entry.epoch <= epoch) return { epoch: entry.epoch, endOffset: end };
      end = entry.startOffset;
    }
    return undefined;
  }

  /** Forgets what begins at or after `offset`. */
  truncateEnd(offset: number): void {
    while ((this.#entries.at(-1)?.startOffset ?? -1) >= offset) this.#entries.pop();
  }

  /** The first entry that reaches `offset` begins there from now on. */
  truncateStart(offset: number): void {
    while ((this.#entries[1]?.startOffset ?? Number.POSITIVE_INFINITY) <= offset) this.#entries.shift();
    const first = this.#entries[0];
    if (first !== undefined && first.startOffset < offset) this.#entries[0] = { epoch: first.epoch, startOffset: offset };
  }
}

/** Payload of `leader-epochs`: log id, count int32, then per entry epoch int32 and start offset int64. */
export function encodeLeaderEpochs(logId: string, entries: readonly EpochEntry[]): Uint8Array {
  const writer = new ByteWriter();
  writer.text(logId);
  writeEpochEntries(writer, entries);
  return writer.finish();
}

/** Undefined when the file belongs to another log. */
export function decodeLeaderEpochs(payload: Uint8Array, logId: string): EpochEntry[] | undefined {
  const reader = new ByteReader(payload);
  return reader.text() === logId ? readEpochEntries(reader) : undefined;
}

export function writeEpochEntries(writer: ByteWriter, entries: readonly EpochEntry[]): void {
  writer.int32(entries.length);
  for (const { epoch, startOffset } of entries) {
    writer.int32(epoch);
    writer.int64(startOffset);
  }
}

export function readEpochEntries(reader: ByteReader): EpochEntry[] {
  return Array.from({ length: reader.int32() }, () => ({ epoch: reader.int32(), startOffset: reader.int64() }));
}
