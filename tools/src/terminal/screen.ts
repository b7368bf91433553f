/** In a pipe a line of status comes this often. */
const PLAIN_INTERVAL_MS = 5_000;

/** Shows a status as it changes: one line that is written over on a terminal, now and then a line elsewhere. */
export class Screen {
  readonly #stream: NodeJS.WriteStream;
  #shown = false;
  #plainAt = Number.NEGATIVE_INFINITY;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  status(line: string): void {
    if (this.#stream.isTTY) {
      this.#stream.write(`\r\u001b[2K${line}`);
      this.#shown = true;
      return;
    }
    if (performance.now() - this.#plainAt < PLAIN_INTERVAL_MS) return;
    this.#plainAt = performance.now();
    this.#stream.write(`${line}\n`);
  }

  /** A line that stays, above the status. */
  say(line: string): void {
    this.#stream.write(this.#shown ? `\r\u001b[2K${line}\n` : `${line}\n`);
    this.#shown = false;
  }
}
