import type { FaultResult, LedgerTotals } from '@moldau/harness';
import colors from 'picocolors';

/** In a pipe a line of counts comes this often. */
const PLAIN_INTERVAL_MS = 5_000;
const COLUMN = 12;

/** Shows counts as they change: one line that is written over on a terminal, now and then a line elsewhere. */
export class Screen {
  readonly #stream: NodeJS.WriteStream;
  #shown = false;
  #plainAt = Number.NEGATIVE_INFINITY;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  counts(counts: LedgerTotals): void {
    const line = countsLine(counts);
    if (this.#stream.isTTY) {
      this.#stream.write(`\r\u001b[2K${line}`);
      this.#shown = true;
      return;
    }
    if (performance.now() - this.#plainAt < PLAIN_INTERVAL_MS) return;
    this.#plainAt = performance.now();
    this.#stream.write(`${line}\n`);
  }

  /** A line that stays, above the counts. */
  say(line: string): void {
    this.#stream.write(this.#shown ? `\r\u001b[2K${line}\n` : `${line}\n`);
    this.#shown = false;
  }
}

/** `lost` is known at the end only: before, what is acknowledged and not read is on its way. */
export function countsLine({ acknowledged, read, unread, duplicated, failed }: LedgerTotals): string {
  const number = (value: number): string => value.toLocaleString('en');
  return `acknowledged ${number(acknowledged)}  read ${number(read)}  under way ${number(unread)}  failed ${number(failed)}  duplicated ${number(duplicated)}`;
}

export function faultLine(round: number, result: FaultResult): string {
  const { fault, targets, ledGapMs, otherGapMs, readGapMs, returnGapMs, failed, wholeAfterMs } = result;
  const whole = wholeAfterMs === undefined ? colors.red('not whole again') : `whole after ${(wholeAfterMs / 1000).toFixed(1)} s`;
  const led = ledGapMs > 0 ? `acknowledgements paused ${ledGapMs} ms where it led, ` : 'acknowledgements paused ';
  const refused = failed === 0 ? '' : colors.red(`, ${failed} sends failed`);
  const name = `${String(round).padStart(3)}  ${fault.padEnd(COLUMN)}${targets.join(', ')}`;
  return `${name}: ${led}${otherGapMs} ms elsewhere, reads ${readGapMs} ms, at its return ${returnGapMs} ms; ${whole}${refused}`;
}
