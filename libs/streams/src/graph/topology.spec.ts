import { serdes } from '@moldau/client/serdes';
import { describe, expect, it } from 'vitest';
import { createStreamsBuilder, keyValueStore, planTopology, windows } from '../index.ts';
import { passOperator } from '../operators/stateless.ts';
import { TEXT } from '../testing/text-topic.ts';
import { GraphBuilder } from './graph-builder.ts';
import { Topology } from './topology.ts';

const ONE_EACH = (): number => 1;

function example(): Topology {
  const builder = createStreamsBuilder();
  const airports = builder.globalTable('airports', { ...TEXT, name: 'airports' });
  builder
    .stream('flights', { ...TEXT, name: 'flights' })
    .joinGlobal(
      airports,
      (flight) => flight,
      (flight, airport) => flight + airport,
      { name: 'located', value: serdes.string },
    )
    .groupBy((flight) => flight, { key: serdes.string, name: 'by-place' })
    .count({ name: 'per-place' })
    .toStream({ name: 'changes' })
    .to('places', { name: 'out' });
  return builder.build({ explicitNames: false });
}

describe('a topology', () => {
  it('falls into parts where topics are between them, and says so as text', () => {
    expect(example().describe()).toBe(
      [
        'sub-topology 0',
        '  source flights of flights → located',
        '  join-global located → select-key-1',
        '  select-key-1 select-key-1 → by-place-repartition-sink'.replace('select-key-1 select-key-1', 'select-key select-key-1'),
        '  sink by-place-repartition-sink to by-place-repartition',
        'sub-topology 1',
        '  source by-place-repartition-source of by-place-repartition → per-place',
        '  count per-place [per-place] → changes',
        '  to-stream changes → out',
        '  sink out to places',
        '  store per-place (key-value, changelog)',
        'global table airports of topic airports',
      ].join('\n'),
    );
  });

  it('draws itself for Mermaid', () => {
    const drawn = example().toMermaid();
    expect(drawn.split('\n')[0]).toBe('flowchart TD');
    expect(drawn).toContain('subgraph part1 [sub-topology 1]');
    expect(drawn).toMatch(/n\d+\[\("flights"\)\] --> n\d+/);
  });

  it('plans tasks and internal topics from the partitions of its inputs', () => {
    const plan = planTopology(example(), 'app', () => 6);
    expect(plan.parts.map(({ tasks }) => tasks)).toEqual([6, 6]);
    expect(plan.internalTopics).toEqual([
      { name: '_streams-app-by-place-repartition', partitions: 6, cleanup: 'delete', retentionMs: undefined },
      { name: '_streams-app-per-place-changelog', partitions: 6, cleanup: 'compact', retentionMs: undefined },
    ]);
  });

  it('keeps names when operators with names of their own come before', () => {
    const names = (extra: boolean): string => {
      const builder = createStreamsBuilder();
      const stream = builder.stream('in', TEXT);
      (extra ? stream.filter(() => true, { name: 'extra' }) : stream).groupByKey().count({ name: 'seen' });
      return planTopology(builder.build(), 'app', ONE_EACH)
        .internalTopics.map(({ name }) => name)
        .join();
    };
    expect(names(true)).toBe(names(false));
  });
});

describe('a topology is refused', () => {
  const refused = (build: () => unknown): { readonly reason?: string; readonly message?: string } => {
    try {
      build();
    } catch (error) {
      return error as Error;
    }
    return {};
  };

  it('when topics that are joined have different numbers of partitions', () => {
    const builder = createStreamsBuilder();
    builder.stream('a', TEXT).join(builder.table('b', TEXT), (left, right) => left + right, { name: 'ab' });
    const topology = builder.build();
    expect(refused(() => planTopology(topology, 'app', (topic) => (topic === 'a' ? 3 : 4)))).toMatchObject({
      reason: 'CO_PARTITION_MISMATCH',
      message: 'ab brings equal keys together, so its topics need equally many partitions: a has 3, b has 4. Repartition one of them.',
    });
  });

  it('but not when one of them can be repartitioned as the other is', () => {
    const builder = createStreamsBuilder();
    const rekeyed = builder.stream('a', TEXT).selectKey((value) => value, { key: serdes.string });
    rekeyed.join(builder.table('b', TEXT), (left, right) => left + right, { name: 'ab' });
    const plan = planTopology(builder.build(), 'app', (topic) => (topic === 'a' ? 3 : 4));
    expect(plan.internalTopics).toMatchObject([{ name: '_streams-app-ab-stream-repartition', partitions: 4 }]);
  });

  it('when two operators have one name', () => {
    const stream = createStreamsBuilder()
      .stream('a', TEXT)
      .filter(() => true, { name: 'same' });
    expect(refused(() => stream.filter(() => true, { name: 'same' }))).toMatchObject({
      reason: 'INVALID_TOPOLOGY',
      message: 'two operators have the name same',
    });
  });

  it('when results come back to their input', () => {
    const builder = createStreamsBuilder();
    builder.stream('a', TEXT).to('b', { name: 'there' });
    builder.stream('b', TEXT).to('a', { name: 'back' });
    expect(refused(() => builder.build())).toMatchObject({
      reason: 'INVALID_TOPOLOGY',
      message: expect.stringContaining('a cycle without an end') as string,
    });
    expect(builder.build({ allowTopicCycles: true }).subTopologies).toHaveLength(2);
  });

  it('when operators wait for each other, follow nothing, or follow what does not exist', () => {
    const graph = (parents: Readonly<Record<string, readonly string[]>>) => {
      const built = new GraphBuilder();
      for (const [name, list] of Object.entries(parents))
        built.operators.push({ kind: 'process', name, label: 'pass', parents: list, stores: [], create: passOperator() });
      return refused(() => new Topology(built, {})).message;
    };
    expect(graph({ a: ['b'], b: ['a'] })).toBe('these operators wait for each other in a cycle: a, b');
    expect(graph({ a: [] })).toBe('operator a has no input');
    expect(graph({ a: ['b'] })).toBe('operator a follows b, which does not exist');
    expect(graph({})).toBe('the topology has no operators');
  });

  it('when it must write what nobody gave a format for', () => {
    const stream = createStreamsBuilder()
      .stream('a', TEXT)
      .mapValues((value) => value.length);
    expect(refused(() => stream.to('b'))).toMatchObject({
      reason: 'MISSING_SERDE',
      message: expect.stringContaining('has to write values') as string,
    });
  });

  it('when names were made up and the program wants its own', () => {
    const builder = createStreamsBuilder();
    builder.stream('a', TEXT).groupByKey().count();
    expect(refused(() => builder.build({ explicitNames: true })).message).toContain('count-1');
  });

  it('when a processor asks for a store that it does not name', () => {
    const builder = createStreamsBuilder();
    const store = keyValueStore({ name: 'mine', ...TEXT });
    builder.stream('a', TEXT).process((context) => {
      const state = context.store(store);
      return (value) => state.put(value, value, 0);
    });
    const topology = builder.build();
    return import('../driver/test-driver.ts').then(({ createTestDriver }) =>
      expect(refused(() => createTestDriver(topology))).toMatchObject({ reason: 'UNCONNECTED_STORE' }),
    );
  });

  it('when windows have lengths that make no sense', () => {
    expect(refused(() => windows.tumbling({ sizeMs: 0 })).reason).toBe('INVALID_TOPOLOGY');
    expect(refused(() => windows.hopping({ sizeMs: 5, advanceMs: 6 })).message).toBe(
      'windows of 5 ms that start every 6 ms leave records out',
    );
  });

  it('when it reads a topic that does not exist', () => {
    expect(refused(() => planTopology(example(), 'app', () => undefined)).message).toBe(
      'the topology reads the topic flights, which does not exist',
    );
  });
});
