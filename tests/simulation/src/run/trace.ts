/** Lines kept for a reader; the oldest go first. */
const LINES_MAX = 200_000;

/**
 * What happened in a run: a hash over every event, packet, answer and fault, and, when asked for, lines to read. Two runs of
 * one seed have the same hash, or something in them came from outside the simulation.
 */
export class Trace {
  /** Whether lines are kept. */
  readonly readable: boolean;
  readonly lines: string[] = [];
  readonly #now: () => number;
  readonly #float = new Float64Array(1);
  readonly #words = new Uint32Array(this.#float.buffer);
  #a = 0x811c9dc5;
  #b = 0x9e3779b9;

  constructor(options: { readonly readable: boolean; readonly now: () => number }) {
    this.readable = options.readable;
    this.#now = options.now;
  }

  /** Mixes an integer into the hash; only its lowest 32 bits count. One at a time: a list of them would be made for each event. */
  mix(value: number): void {
    this.#a = Math.imul(this.#a ^ value, 0x01000193);
    this.#b = Math.imul((this.#b + value) ^ (this.#b >>> 15), 0x85ebca6b);
  }

  /** Mixes a number with its fraction. */
  mixFloat(value: number): void {
    this.#float[0] = value;
    this.mix(this.#words[0] ?? 0);
    this.mix(this.#words[1] ?? 0);
  }

  /** Something worth reading; counts in the hash. */
  note(who: string, what: string): void {
    for (let at = 0; at < what.length; at++) this.mix(what.charCodeAt(at));
    this.log(who, what);
  }

  /** A line for the reader only. */
  log(who: string, what: string): void {
    if (!this.readable) return;
    if (this.lines.length >= LINES_MAX) this.lines.shift();
    this.lines.push(`${(this.#now() / 1000).toFixed(4).padStart(9)} ${who.padEnd(13)} ${what}`);
  }

  /** 16 hexadecimal digits. */
  get hash(): string {
    return [this.#a, this.#b].map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
  }
}
