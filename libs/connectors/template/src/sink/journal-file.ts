import { type FileHandle, open } from 'node:fs/promises';

/** What is read at the end of a journal to find its last line; a longer one is no journal's. */
const TAIL_BYTES = 16 * 1024 * 1024;

export interface JournalLine {
  readonly offset: number;
  readonly text: string;
}

/** A file of lines `offset TAB value`. Lines are added whole; a torn one at the end is cut off when the file is opened. */
export class JournalFile {
  readonly #handle: FileHandle;
  #size: number;
  #next: number | undefined;

  private constructor(handle: FileHandle, size: number, next: number | undefined) {
    this.#handle = handle;
    this.#size = size;
    this.#next = next;
  }

  static async open(path: string): Promise<JournalFile> {
    const handle = await open(path, 'a+');
    try {
      const { size } = await handle.stat();
      const tail = Buffer.alloc(Math.min(size, TAIL_BYTES));
      await handle.read(tail, 0, tail.length, size - tail.length);
      const end = tail.lastIndexOf('\n') + 1;
      const whole = size - tail.length + end;
      if (whole < size) await handle.truncate(whole);
      return new JournalFile(handle, whole, nextOffset(tail.toString('utf8', 0, end)));
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** Behind the last line; undefined while there is none. */
  get nextOffset(): number | undefined {
    return this.#next;
  }

  /** Adds all lines, or none; those that are there already are left out. */
  async append(lines: readonly JournalLine[]): Promise<void> {
    const added = lines.filter(({ offset }) => offset >= (this.#next ?? 0));
    const last = added.at(-1);
    if (last === undefined) return;
    const bytes = Buffer.from(added.map(({ offset, text }) => `${offset}\t${text}\n`).join(''));
    try {
      await this.#handle.appendFile(bytes);
    } catch (error) {
      await this.#handle.truncate(this.#size);
      throw error;
    }
    this.#size += bytes.length;
    this.#next = last.offset + 1;
  }

  sync(): Promise<void> {
    return this.#handle.datasync();
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

function nextOffset(lines: string): number | undefined {
  const last = lines.trimEnd().split('\n').at(-1) ?? '';
  const offset = Number.parseInt(last, 10);
  return Number.isSafeInteger(offset) ? offset + 1 : undefined;
}
