import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Machine } from '../measure/machine.ts';
import type { Figure } from './figure.ts';

const DIGITS = 6;

/** What one scenario measured, and how. */
export interface ScenarioResult {
  readonly scenario: string;
  /** Day, as in ISO 8601. */
  readonly measuredOn: string;
  readonly machine: Machine;
  readonly runs: number;
  readonly scale: number;
  /** What measures it again. */
  readonly command: string;
  readonly figures: readonly Figure[];
  /** Why there are no figures. */
  readonly notRun?: string;
}

/** The results of scenarios, in one JSON file. */
export class Results {
  readonly #path: string;
  /** The order of scenarios in file and page. */
  readonly #order: readonly string[];
  readonly #results = new Map<string, ScenarioResult>();

  private constructor(path: string, order: readonly string[]) {
    this.#path = path;
    this.#order = order;
  }

  /** A file that begins anew. */
  static create(path: string, order: readonly string[]): Results {
    return new Results(path, order);
  }

  /** A file whose results stay until a newer one of the same scenario comes. It may be missing. */
  static open(path: string, order: readonly string[]): Results {
    const results = new Results(path, order);
    if (!existsSync(path)) return results;
    const { scenarios } = JSON.parse(readFileSync(path, 'utf8')) as { readonly scenarios: readonly ScenarioResult[] };
    for (const each of scenarios) if (order.includes(each.scenario)) results.#results.set(each.scenario, each);
    return results;
  }

  /** Takes a result and writes the file. One without figures takes no place of one with figures. */
  put(result: ScenarioResult): void {
    const older = this.#results.get(result.scenario);
    if (result.notRun === undefined || older === undefined || older.notRun !== undefined) this.#results.set(result.scenario, result);
    mkdirSync(dirname(this.#path), { recursive: true });
    writeFileSync(this.#path, `${JSON.stringify({ scenarios: this.all() }, rounded, 2)}\n`);
  }

  all(): readonly ScenarioResult[] {
    return this.#order.flatMap((name) => this.#results.get(name) ?? []);
  }
}

function rounded(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(DIGITS)) : value;
}
