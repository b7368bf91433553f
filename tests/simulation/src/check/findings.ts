import type { Trace } from '../run/trace.ts';

/** Something that must not be: Jepsen's name of the anomaly, or the invariant that was broken. */
export interface Finding {
  readonly name: string;
  readonly detail: string;
}

/** Findings kept of one run; a broken run breaks in many places. */
const FINDINGS_MAX = 50;

/** What the checks of one run have found. */
export class Findings {
  readonly list: Finding[] = [];
  readonly #trace: Trace;

  constructor(trace: Trace) {
    this.#trace = trace;
  }

  add(name: string, detail: string): void {
    // Where in the code an error was made follows, if Node was asked for it: for the reader only.
    const [first = '', ...rest] = detail.split('\n');
    this.#trace.note('FOUND', `${name}: ${first}`);
    for (const line of rest) this.#trace.log('FOUND', line);
    if (this.list.length < FINDINGS_MAX) this.list.push({ name, detail });
  }

  /** Notes it unless the condition holds; the detail is made only then. */
  expect(condition: boolean, name: string, detail: () => string): void {
    if (!condition) this.add(name, detail());
  }
}
