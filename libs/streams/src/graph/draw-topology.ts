import type { Topology } from './topology.ts';

/** A topology as a Mermaid flowchart: topics as cylinders on their sides, stores as cylinders, parts as boxes. */
export function drawTopology({ subTopologies, globals }: Pick<Topology, 'subTopologies' | 'globals'>): string {
  const ids = new Map<string, string>();
  const id = (kind: string, name: string): string => {
    const key = `${kind}:${name}`;
    const known = ids.get(key) ?? `n${ids.size}`;
    ids.set(key, known);
    return known;
  };
  const lines = ['flowchart TD'];
  const links: string[] = [];
  for (const { index, operators, stores } of subTopologies) {
    lines.push(`  subgraph part${index} [sub-topology ${index}]`);
    for (const operator of operators) {
      const own = id('operator', operator.name);
      lines.push(`    ${own}["${operator.name}"]`);
      if (operator.kind === 'source') links.push(...operator.topics.map(({ name }) => `  ${id('topic', name)}[("${name}")] --> ${own}`));
      else links.push(...operator.parents.map((parent) => `  ${id('operator', parent)} --> ${own}`));
      if (operator.kind === 'process') links.push(...operator.stores.map((store) => `  ${own} -.- ${id('store', store)}`));
      if (operator.kind === 'sink' && typeof operator.topic !== 'function')
        links.push(`  ${own} --> ${id('topic', operator.topic.name)}[("${operator.topic.name}")]`);
    }
    lines.push(...stores.map(({ name }) => `    ${id('store', name)}[("${name}")]`), '  end');
  }
  lines.push(...globals.map(({ name, topic }) => `  ${id('topic', topic)}[("${topic}")] --> ${id('global', name)}[("${name}, global")]`));
  return [...lines, ...links].join('\n');
}
