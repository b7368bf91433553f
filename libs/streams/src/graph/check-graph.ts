import { MoldauError } from '@moldau/kernel';
import type { GraphBuilder } from './graph-builder.ts';
import { invalidTopology } from './invalid-topology.ts';
import type { Operator } from './operator.ts';

export interface GraphChecks {
  /** Refuse stores and repartition topics whose names were made up: they move when the program changes. */
  readonly explicitNames: boolean;
  /** Let results come back to the input that they were made from. */
  readonly allowTopicCycles: boolean;
}

/** Everything that can be known to be wrong before a record flows. Returns the operators, parents before children. */
export function checkGraph(graph: GraphBuilder, checks: GraphChecks): readonly Operator[] {
  if (graph.operators.length === 0) throw invalidTopology('the topology has no operators', {});
  checkParents(graph);
  checkStores(graph);
  if (checks.explicitNames) checkNames(graph);
  const sorted = sortOperators(graph.operators);
  if (!checks.allowTopicCycles) checkTopicCycles(sorted);
  return sorted;
}

function checkParents({ operators }: GraphBuilder): void {
  const names = new Set(operators.map(({ name }) => name));
  for (const operator of operators) {
    if (operator.kind === 'source') continue;
    if (operator.parents.length === 0) throw invalidTopology(`operator ${operator.name} has no input`, { operator: operator.name });
    const unknown = operator.parents.find((parent) => !names.has(parent));
    if (unknown !== undefined)
      throw invalidTopology(`operator ${operator.name} follows ${unknown}, which does not exist`, {
        operator: operator.name,
        value: unknown,
      });
  }
}

function checkStores({ operators, stores }: GraphBuilder): void {
  const used = new Set<string>();
  for (const operator of operators) {
    if (operator.kind !== 'process') continue;
    for (const store of operator.stores) {
      if (!stores.has(store))
        throw new MoldauError('UNCONNECTED_STORE', `operator ${operator.name} uses the store ${store}, which does not exist`, {
          operator: operator.name,
          store,
        });
      used.add(store);
    }
  }
  const unused = [...stores.keys()].find((name) => !used.has(name));
  if (unused !== undefined) throw new MoldauError('UNCONNECTED_STORE', `no operator uses the store ${unused}`, { store: unused });
}

function checkNames({ stores, repartitions }: GraphBuilder): void {
  const made = [...stores.values(), ...repartitions.values()].filter(({ generated }) => generated).map(({ name }) => name);
  if (made.length === 0) return;
  throw invalidTopology(`these stores and topics have no names of their own: ${made.join(', ')}; name their operators`, {
    value: made.join(','),
  });
}

/** Parents before children, else in the order of the program. @throws MoldauError INVALID_TOPOLOGY for a cycle */
function sortOperators(operators: readonly Operator[]): readonly Operator[] {
  const sorted: Operator[] = [];
  const done = new Set<string>();
  let left = [...operators];
  while (left.length > 0) {
    const ready = left.filter((operator) => operator.kind === 'source' || operator.parents.every((parent) => done.has(parent)));
    if (ready.length === 0) {
      const names = left.map(({ name }) => name);
      throw invalidTopology(`these operators wait for each other in a cycle: ${names.join(', ')}`, { value: names.join(',') });
    }
    for (const operator of ready) {
      done.add(operator.name);
      sorted.push(operator);
    }
    left = left.filter(({ name }) => !done.has(name));
  }
  return sorted;
}

/** A topic that the application fills from itself never ends. Topics that are chosen per record are not known here. */
function checkTopicCycles(sorted: readonly Operator[]): void {
  /** Per operator the topics that its records come from, across topics. */
  const origins = new Map<string, Set<string>>();
  const throughTopics = new Map<string, Set<string>>();
  for (let changed = true; changed; ) {
    changed = false;
    for (const operator of sorted) {
      const from = originsOf(operator, origins, throughTopics);
      if (from.size !== origins.get(operator.name)?.size) changed = true;
      origins.set(operator.name, from);
      if (operator.kind !== 'sink' || typeof operator.topic === 'function') continue;
      const { name } = operator.topic;
      if (from.has(name))
        throw invalidTopology(`what ${operator.name} writes to ${name} comes from ${name}: a cycle without an end`, {
          operator: operator.name,
          topic: name,
        });
      throughTopics.set(name, new Set([...(throughTopics.get(name) ?? []), ...from]));
    }
  }
}

function originsOf(
  operator: Operator,
  origins: ReadonlyMap<string, ReadonlySet<string>>,
  throughTopics: ReadonlyMap<string, ReadonlySet<string>>,
): Set<string> {
  if (operator.kind === 'source') return new Set(operator.topics.flatMap(({ name }) => [name, ...(throughTopics.get(name) ?? [])]));
  return new Set(operator.parents.flatMap((parent) => [...(origins.get(parent) ?? [])]));
}
