import Table from 'cli-table3';
import type { Flight } from './flights.ts';

const ROWS = 8;
/** One rule below the head, none between rows: short enough for one screen. */
const RULES = { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' };

/** Flights and mean delay by origin airport. */
export class DelayTable {
  readonly #byOrigin = new Map<string, { flights: number; delay: number }>();

  add(flight: Flight): void {
    const entry = this.#byOrigin.get(flight.origin) ?? { flights: 0, delay: 0 };
    entry.flights++;
    entry.delay += flight.delay;
    this.#byOrigin.set(flight.origin, entry);
  }

  get flights(): number {
    return [...this.#byOrigin.values()].reduce((sum, entry) => sum + entry.flights, 0);
  }

  /** The busiest airports as a table. */
  toString(): string {
    const table = new Table({
      head: ['origin', 'flights', 'mean delay'],
      colAligns: ['left', 'right', 'right'],
      chars: RULES,
      style: { head: [], border: [] },
    });
    const busiest = [...this.#byOrigin].sort(([, a], [, b]) => b.flights - a.flights).slice(0, ROWS);
    for (const [origin, { flights, delay }] of busiest) table.push([origin, String(flights), `${(delay / flights).toFixed(1)} min`]);
    return table.toString();
  }
}
