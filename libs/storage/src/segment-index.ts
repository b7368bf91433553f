import { ByteReader, ByteWriter } from './byte-codec.ts';

/** Growable list of numbers without an object per entry; `width` numbers make one entry. */
class Column {
  #values: Float64Array | Uint32Array;
  #length = 0;
  readonly #make: (length: number) => Float64Array | Uint32Array;

  constructor(make: (length: number) => Float64Array | Uint32Array) {
    this.#make = make;
    this.#values = make(0);
  }

  get length(): number {
    return this.#length;
  }

  at(index: number): number {
    return this.#values[index] ?? 0;
  }

  push(value: number): void {
    if (this.#length === this.#values.length) {
      const larger = this.#make(Math.max(4, 2 * this.#values.length));
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.#length++] = value;
  }

  cut(length: number): void {
    this.#length = Math.min(this.#length, length);
  }
}

const uint32s = (length: number): Uint32Array => new Uint32Array(length);
const float64s = (length: number): Float64Array => new Float64Array(length);

/** Bytes of memory per entry of both indexes. */
const ENTRY_BYTES = 4 + 4 + 8;
/** Bytes of an entry in `.index`, which `segment.index.bytes` bounds. */
const INDEX_FILE_ENTRY_BYTES = 8;

/** A place where a batch begins. */
export interface IndexedPlace {
  readonly offset: number;
  readonly position: number;
}

/**
 * The sparse indexes of one segment. Every `index.interval.bytes` there is an entry for the batch that begins there: its
 * base offset relative to the segment's, its position, and the largest timestamp of all batches before it.
 *
 * An index may know only the end of its segment (`floor` > 0: the log was opened after a clean shutdown, the rest is
 * loaded when a read asks for it).
 */
export class SegmentIndex {
  readonly baseOffset: number;
  /** Below this place the index knows nothing. */
  readonly floor: IndexedPlace;
  readonly #offsets = new Column(uint32s);
  readonly #positions = new Column(uint32s);
  readonly #timestamps = new Column(float64s);
  #bytesSinceEntry = 0;

  constructor(baseOffset: number, floor: IndexedPlace = { offset: baseOffset, position: 0 }) {
    this.baseOffset = baseOffset;
    this.floor = floor;
  }

  get complete(): boolean {
    return this.floor.position === 0;
  }

  get memoryBytes(): number {
    return this.#offsets.length * ENTRY_BYTES;
  }

  /** What `.index` would take. */
  get fileBytes(): number {
    return this.#offsets.length * INDEX_FILE_ENTRY_BYTES;
  }

  /** Notes a batch at the segment's end; `maxTimestampBefore` of the batches before it. */
  add(offset: number, position: number, sizeInBytes: number, maxTimestampBefore: number, intervalBytes: number): void {
    if (this.#bytesSinceEntry >= intervalBytes) {
      this.#push(offset - this.baseOffset, position, maxTimestampBefore);
      this.#bytesSinceEntry = 0;
    }
    this.#bytesSinceEntry += sizeInBytes;
  }

  /** The last known place at or before `offset`; undefined when it lies below the floor. */
  findOffset(offset: number): IndexedPlace | undefined {
    const found = lastWhere(this.#offsets.length, (index) => this.#offsets.at(index) + this.baseOffset <= offset);
    if (found >= 0) return this.#place(found);
    return offset >= this.floor.offset || this.complete ? this.floor : undefined;
  }

  /** The last known place before which all timestamps are below `timestamp`; undefined when it may lie below the floor. */
  findTimestamp(timestamp: number): IndexedPlace | undefined {
    const found = lastWhere(this.#timestamps.length, (index) => this.#timestamps.at(index) < timestamp);
    if (found >= 0) return this.#place(found);
    return this.complete ? this.floor : undefined;
  }

  /** Forgets entries at or after `offset`. */
  truncate(offset: number): void {
    const kept = lastWhere(this.#offsets.length, (index) => this.#offsets.at(index) + this.baseOffset < offset) + 1;
    this.#offsets.cut(kept);
    this.#positions.cut(kept);
    this.#timestamps.cut(kept);
    this.#bytesSinceEntry = 0;
  }

  /** This index with the entries of `older`, which covers the segment up to this one's floor. */
  joinedTo(older: SegmentIndex): SegmentIndex {
    const joined = new SegmentIndex(this.baseOffset);
    for (const part of [older, this]) {
      for (let index = 0; index < part.#offsets.length; index++) {
        joined.#push(part.#offsets.at(index), part.#positions.at(index), part.#timestamps.at(index));
      }
    }
    joined.#bytesSinceEntry = this.#bytesSinceEntry;
    return joined;
  }

  /** Payload of `.index`: the segment as `IndexedLog` says, count int32, then relative offset and position as uint32. */
  encodeOffsets(log: IndexedLog): Uint8Array {
    const writer = this.#header(log);
    for (let index = 0; index < this.#offsets.length; index++) {
      writer.int32(this.#offsets.at(index));
      writer.int32(this.#positions.at(index));
    }
    return writer.finish();
  }

  /** Payload of `.timeindex`: the same, with the timestamp int64 and the relative offset uint32. */
  encodeTimestamps(log: IndexedLog): Uint8Array {
    const writer = this.#header(log);
    for (let index = 0; index < this.#offsets.length; index++) {
      writer.int64(this.#timestamps.at(index));
      writer.int32(this.#offsets.at(index));
    }
    return writer.finish();
  }

  /** Undefined when the files are not of this segment as it is now, or not of each other. */
  static decode(log: IndexedLog, offsets: Uint8Array, timestamps: Uint8Array): SegmentIndex | undefined {
    const left = new ByteReader(offsets);
    const right = new ByteReader(timestamps);
    const count = readHeader(left, log);
    if (count === undefined || readHeader(right, log) !== count) return undefined;
    const index = new SegmentIndex(log.baseOffset);
    for (let entry = 0; entry < count; entry++) {
      const relative = left.uint32();
      const position = left.uint32();
      const timestamp = right.int64();
      if (right.uint32() !== relative) return undefined;
      index.#push(relative, position, timestamp);
    }
    return index;
  }

  #header(log: IndexedLog): ByteWriter {
    const writer = new ByteWriter();
    writer.text(log.logId);
    writer.int64(log.baseOffset);
    writer.int64(log.endOffset);
    writer.int64(log.sizeBytes);
    writer.int32(this.#offsets.length);
    return writer;
  }

  #push(relative: number, position: number, timestamp: number): void {
    this.#offsets.push(relative);
    this.#positions.push(position);
    this.#timestamps.push(timestamp);
  }

  #place(index: number): IndexedPlace {
    return { offset: this.#offsets.at(index) + this.baseOffset, position: this.#positions.at(index) };
  }
}

/** The segment that an index file belongs to; one of another length is not its. */
export interface IndexedLog {
  readonly logId: string;
  readonly baseOffset: number;
  readonly endOffset: number;
  readonly sizeBytes: number;
}

function readHeader(reader: ByteReader, log: IndexedLog): number | undefined {
  const same = reader.text() === log.logId && reader.int64() === log.baseOffset;
  if (!same || reader.int64() !== log.endOffset || reader.int64() !== log.sizeBytes) return undefined;
  return reader.int32();
}

/** The last index of [0, count) for which an ascending condition holds; −1 for none. */
function lastWhere(count: number, holds: (index: number) => boolean): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
