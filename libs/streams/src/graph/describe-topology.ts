import type { Operator } from './operator.ts';
import type { Topology } from './topology.ts';

/** A topology as text: per part its operators, what they read, what follows them, and their stores. */
export function describeTopology({ subTopologies, globals }: Pick<Topology, 'subTopologies' | 'globals'>): string {
  const parts = subTopologies.map(({ index, operators, stores }) => [
    `sub-topology ${index}`,
    ...operators.map((operator) => `  ${line(operator)}${followers(operator, operators)}`),
    ...stores.map(
      ({ name, kind, log }) =>
        `  store ${name} (${kind}, ${log.kind === 'topic' ? `restored from ${log.topic}` : log.kind === 'none' ? 'not logged' : 'changelog'})`,
    ),
  ]);
  const tables = globals.map(({ name, topic }) => `global table ${name} of topic ${topic}`);
  return [...parts.flat(), ...tables].join('\n');
}

function line(operator: Operator): string {
  switch (operator.kind) {
    case 'source':
      return `source ${operator.name} of ${operator.topics.map(({ name }) => name).join(', ')}`;
    case 'sink':
      return `sink ${operator.name} to ${typeof operator.topic === 'function' ? 'a topic chosen per record' : operator.topic.name}`;
    case 'process':
      return `${operator.label} ${operator.name}${operator.stores.length === 0 ? '' : ` [${operator.stores.join(', ')}]`}`;
  }
}

function followers({ name }: Operator, operators: readonly Operator[]): string {
  const names = operators.filter((other) => other.kind !== 'source' && other.parents.includes(name)).map((other) => other.name);
  return names.length === 0 ? '' : ` → ${names.join(', ')}`;
}
