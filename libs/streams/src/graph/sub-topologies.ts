import { present } from '@moldau/kernel';
import type { StoreSpec } from '../stores/store-spec.ts';
import type { Operator, TopicRef } from './operator.ts';

/** A part of the topology that runs in one task per partition: nothing but topics connects it with other parts. */
export interface SubTopology {
  readonly index: number;
  /** Parents before children. */
  readonly operators: readonly Operator[];
  /** In the order of the operators that use them, so that upstream is flushed first. */
  readonly stores: readonly StoreSpec<unknown, unknown>[];
  readonly sources: readonly TopicRef[];
}

/** Sets of names that grow together. */
class Groups {
  readonly #parents = new Map<string, string>();

  find(name: string): string {
    let root = name;
    for (let parent = this.#parents.get(root); parent !== undefined; parent = this.#parents.get(root)) root = parent;
    return root;
  }

  join(left: string, right: string): void {
    const [a, b] = [this.find(left), this.find(right)];
    if (a !== b) this.#parents.set(b, a);
  }
}

/** Splits sorted operators: those that are connected, share a store or read a topic in common stay together. */
export function splitSubTopologies(
  sorted: readonly Operator[],
  stores: ReadonlyMap<string, StoreSpec<unknown, unknown>>,
): readonly SubTopology[] {
  const groups = new Groups();
  for (const operator of sorted) {
    if (operator.kind === 'source') for (const { name } of operator.topics) groups.join(`topic:${name}`, operator.name);
    else for (const parent of operator.parents) groups.join(parent, operator.name);
    if (operator.kind === 'process') for (const store of operator.stores) groups.join(`store:${store}`, operator.name);
  }
  const parts = new Map<string, Operator[]>();
  for (const operator of sorted) {
    const root = groups.find(operator.name);
    parts.set(root, [...(parts.get(root) ?? []), operator]);
  }
  return [...parts.values()].map((operators, index) => ({
    index,
    operators,
    stores: storeNames(operators).map((name) => present(stores.get(name), 'stores were checked')),
    sources: sourceTopics(operators),
  }));
}

function storeNames(operators: readonly Operator[]): readonly string[] {
  return [...new Set(operators.flatMap((operator) => (operator.kind === 'process' ? operator.stores : [])))];
}

function sourceTopics(operators: readonly Operator[]): readonly TopicRef[] {
  const refs = operators.flatMap((operator) => (operator.kind === 'source' ? operator.topics : []));
  return [...new Map(refs.map((ref) => [ref.name, ref])).values()];
}
