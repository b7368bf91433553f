import { type FileHandle, open } from 'node:fs/promises';
import { countNewlines, type FindEnd, lineEnd, withoutReturn } from './cut-records.ts';

/** One read of the disk: large enough that its fixed cost is small beside that of cutting it into records. */
const CHUNK_BYTES = 256 * 1024;
/** What is kept of a line that is too long, to show it. */
const SHOWN_BYTES = 1024;
const NO_BYTES = Buffer.alloc(0);
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

/** A place in a file: the first byte that was not read, and the number of its line from 1. */
export interface FilePlace {
  readonly position: number;
  readonly line: number;
}

/** A record's bytes without its newline. */
export interface RawRecord {
  readonly bytes: Buffer;
  /** Where it begins. */
  readonly place: FilePlace;
  /** It is longer than is allowed, by its bytes: only the first 1,024 are here. */
  readonly tooLongBytes: number | undefined;
}

export interface ReadLimits {
  readonly records: number;
  readonly bytes: number;
}

export interface RawRecords {
  readonly records: readonly RawRecord[];
  readonly atEnd: boolean;
}

/** A file that is read forward, record by record; keeps one chunk and one record in memory. */
export class SpoolFile {
  readonly #handle: FileHandle;
  readonly #lineBytesMax: number;
  #pending: Buffer = NO_BYTES;
  /** Of the first byte in `#pending` that was not taken. */
  #at = 0;
  /** Of that byte in the file. */
  #position = 0;
  #line = 1;
  /** A record that is too long is being passed over: its beginning and how many bytes were dropped. */
  #dropping: { readonly head: Buffer; readonly place: FilePlace; bytes: number } | undefined;

  private constructor(handle: FileHandle, lineBytesMax: number) {
    this.#handle = handle;
    this.#lineBytesMax = lineBytesMax;
  }

  /** Opens the file at its beginning, behind a byte order mark of UTF-8. */
  static async open(path: string, lineBytesMax: number): Promise<SpoolFile> {
    const file = new SpoolFile(await open(path, 'r'), lineBytesMax);
    try {
      await file.#fill();
      if (file.#pending.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK)) file.#take(BYTE_ORDER_MARK.length);
    } catch (error) {
      await file.close();
      throw error;
    }
    return file;
  }

  get place(): FilePlace {
    return { position: this.#position, line: this.#line };
  }

  /** Goes on from a place that `place` has given before. */
  seek({ position, line }: FilePlace): void {
    this.#pending = NO_BYTES;
    this.#at = 0;
    this.#position = position;
    this.#line = line;
    this.#dropping = undefined;
  }

  /** One line, whatever it holds; undefined at the end. */
  async readLine(findEnd: FindEnd = lineEnd): Promise<RawRecord | undefined> {
    return (await this.read(findEnd, { records: 1, bytes: 1 })).records[0];
  }

  /** The next records, at least one unless the file is at its end. */
  async read(findEnd: FindEnd, limits: ReadLimits): Promise<RawRecords> {
    const records: RawRecord[] = [];
    const from = this.#position;
    while (records.length < limits.records && this.#position - from < limits.bytes) {
      const record = this.#next(findEnd);
      if (record !== undefined) records.push(record);
      else if (!(await this.#fill())) {
        const last = this.#rest();
        if (last !== undefined) records.push(last);
        return { records, atEnd: true };
      }
    }
    return { records, atEnd: false };
  }

  close(): Promise<void> {
    return this.#handle.close();
  }

  /** A record that is whole in memory. */
  #next(findEnd: FindEnd): RawRecord | undefined {
    if (this.#at >= this.#pending.length) return undefined;
    const end = (this.#dropping === undefined ? findEnd : lineEnd)(this.#pending, this.#at);
    if (end >= 0) return this.#cut(end, end + 1);
    if (this.#dropping !== undefined || this.#pending.length - this.#at > this.#lineBytesMax) this.#drop();
    return undefined;
  }

  /** What stands behind the last newline. */
  #rest(): RawRecord | undefined {
    if (this.#dropping === undefined && this.#at >= this.#pending.length) return undefined;
    return this.#cut(this.#pending.length, this.#pending.length);
  }

  #cut(end: number, next: number): RawRecord {
    const place = this.#dropping?.place ?? this.place;
    const dropped = this.#dropping;
    const length = end - this.#at + (dropped?.bytes ?? 0);
    const bytes = dropped?.head ?? withoutReturn(this.#pending, this.#at, end);
    this.#dropping = undefined;
    const isTooLong = length > this.#lineBytesMax;
    this.#take(next - this.#at);
    return isTooLong ? { bytes: bytes.subarray(0, SHOWN_BYTES), place, tooLongBytes: length } : { bytes, place, tooLongBytes: undefined };
  }

  /** Makes room: the record is too long, so its bytes are not kept. */
  #drop(): void {
    const rest = this.#pending.length - this.#at;
    this.#dropping ??= { head: Buffer.from(this.#pending.subarray(this.#at, this.#at + SHOWN_BYTES)), place: this.place, bytes: 0 };
    this.#dropping.bytes += rest;
    this.#take(rest);
    this.#pending = NO_BYTES;
    this.#at = 0;
  }

  #take(count: number): void {
    this.#line += countNewlines(this.#pending, this.#at, this.#at + count);
    this.#at += count;
    this.#position += count;
  }

  /** Reads on; false at the end of the file. */
  async #fill(): Promise<boolean> {
    const rest = this.#pending.subarray(this.#at);
    const chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
    const { bytesRead } = await this.#handle.read(chunk, 0, CHUNK_BYTES, this.#position + rest.length);
    if (bytesRead === 0) return false;
    const read = chunk.subarray(0, bytesRead);
    this.#pending = rest.length === 0 ? read : Buffer.concat([rest, read]);
    this.#at = 0;
    return true;
  }
}
