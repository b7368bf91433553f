import { MoldauError } from '@moldau/kernel';
import type { StoreSpec } from '../stores/store-spec.ts';
import { invalidTopology } from './invalid-topology.ts';
import type { GlobalSource, Operator } from './operator.ts';

/** Operators and stores of one topology; more is a program that makes them in a loop. */
const NAMES_MAX = 10_000;
const LEGAL_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

/** Topics of the application that carry records to operators that need them by another key. */
export interface RepartitionTopic {
  readonly name: string;
  /** Undefined: as many as the topics that it is joined with, or that its records come from. */
  readonly partitions: number | undefined;
  readonly generated: boolean;
}

/** Topics that have to have equally many partitions, because this operator brings their keys together. */
export interface CoPartition {
  readonly operator: string;
  /** Names of topics, and of repartition topics. */
  readonly topics: readonly string[];
}

/** What the builders add to, in the order of the program; checked when it is built. */
export class GraphBuilder {
  readonly operators: Operator[] = [];
  readonly stores = new Map<string, StoreSpec<unknown, unknown>>();
  readonly repartitions = new Map<string, RepartitionTopic>();
  readonly globals: GlobalSource[] = [];
  readonly coPartitions: CoPartition[] = [];
  readonly generatedNames = new Set<string>();
  readonly #names = new Set<string>();
  readonly #counters = new Map<string, number>();

  /** The given name, or one made of what the operator does and a number. @throws MoldauError INVALID_TOPOLOGY */
  name(label: string, given: string | undefined): string {
    if (given !== undefined) {
      this.#take(given);
      return given;
    }
    for (;;) {
      const count = (this.#counters.get(label) ?? 0) + 1;
      this.#counters.set(label, count);
      const name = `${label}-${count}`;
      if (this.#names.has(name)) continue;
      this.#take(name);
      this.generatedNames.add(name);
      return name;
    }
  }

  /** @throws MoldauError INVALID_TOPOLOGY when another store has the name */
  addStore(spec: StoreSpec<unknown, unknown>): void {
    const known = this.stores.get(spec.name);
    if (known === spec) return;
    if (known !== undefined) throw invalidTopology(`two stores have the name ${spec.name}`, { store: spec.name });
    assertLegal(spec.name);
    this.stores.set(spec.name, spec);
  }

  /** Changes go on at once from now on: what follows counts on every one, or holds them back itself. */
  withoutCache(name: string): void {
    const spec = this.stores.get(name);
    if (spec?.cached === true) this.stores.set(name, { ...spec, cached: false });
  }

  /** @throws MoldauError INVALID_TOPOLOGY when there are too many */
  #take(name: string): void {
    assertLegal(name);
    if (this.#names.has(name)) throw invalidTopology(`two operators have the name ${name}`, { operator: name });
    if (this.#names.size >= NAMES_MAX)
      throw invalidTopology(`a topology has at most ${NAMES_MAX} operators`, { operator: name, limit: String(NAMES_MAX) });
    this.#names.add(name);
  }
}

function assertLegal(name: string): void {
  if (LEGAL_NAME.test(name)) return;
  throw invalidTopology(`"${name}" is no legal name: 1 to 100 of letters, digits, dot, dash and underscore, a letter or digit first`, {
    value: name,
    limit: '100',
  });
}

/** The format, which an operator can't do without. @throws MoldauError MISSING_SERDE */
export function requireSerde<Format>(serde: Format | undefined, operator: string, side: 'key' | 'value'): Format {
  if (serde !== undefined) return serde;
  throw new MoldauError(
    'MISSING_SERDE',
    `${operator} has to write ${side}s, and no serde of its ${side}s is known; name one in its options`,
    {
      operator,
      side,
    },
  );
}
