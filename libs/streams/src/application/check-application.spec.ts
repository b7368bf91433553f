import { serdes } from '@moldau/client/serdes';
import { MoldauError } from '@moldau/kernel';
import { describe, expect, it } from 'vitest';
import { createTestDriver } from '../driver/test-driver.ts';
import type { StreamsBuilder } from '../dsl/streams-builder.ts';
import { integerSerde } from '../serdes/integer-serde.ts';
import type { StreamsSettings } from './application.ts';
import { applicationOf, defineApplication, topologyOf } from './check-application.ts';

const TEXT = { key: serdes.string, value: serdes.string };

function build(topology: StreamsBuilder): void {
  topology.stream('words', TEXT).groupByKey().count({ name: 'counts' }).toStream().to('counts');
}

function refusal(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error instanceof MoldauError ? [error.reason, error.facts['setting']] : error;
  }
  return undefined;
}

describe('an application', () => {
  it('is found in its module and run by the test driver under its own name', () => {
    const application = applicationOf({ application: defineApplication({ name: 'words', version: '1', build }) });
    const driver = createTestDriver(application);
    driver.topic('words', TEXT).pipe('a', 'x');
    expect(driver.topic('counts', { key: serdes.string, value: integerSerde }).readPairs()).toEqual([['a', 1]]);
    expect(driver.topic('_streams-words-counts-changelog', { key: serdes.string, value: integerSerde }).readPairs()).toEqual([['a', 1]]);
  });

  it('brings its handlers to the test driver', () => {
    const handlers = { deserialization: 'dead-letter', deadLetterTopic: 'dead' } as const;
    const numbers = { key: serdes.string, value: integerSerde };
    const driver = createTestDriver(
      defineApplication({ name: 'n', version: '1', build: (topology) => topology.stream('in', numbers).to('out'), settings: { handlers } }),
    );
    driver.topic('in', TEXT).pipe('a', 'not eight bytes');
    expect(driver.topic('dead', TEXT).readPairs()).toEqual([['a', 'not eight bytes']]);
  });

  it('is refused with what is wrong with it', () => {
    const modules: readonly (readonly [Record<string, unknown>, string])[] = [
      [{}, 'application'],
      [{ app: {} }, 'application'],
      [{ application: { version: '1', build } }, 'name'],
      [{ application: { name: 'a b', version: '1', build } }, 'name'],
      [{ application: { name: 'x'.repeat(101), version: '1', build } }, 'name'],
      [{ application: { name: 'a', build } }, 'version'],
      [{ application: { name: 'a', version: '', build } }, 'version'],
      [{ application: { name: 'a', version: '1' } }, 'build'],
      [{ application: { name: 'a', version: '1', build, settings: 1 } }, 'settings'],
    ];
    for (const [module, setting] of modules) expect(refusal(() => applicationOf(module))).toEqual(['INVALID_APPLICATION', setting]);
  });

  it('is refused with settings outside their limits', () => {
    const bad = (settings: unknown): unknown =>
      refusal(() => defineApplication({ name: 'a', version: '1', build, settings: settings as StreamsSettings }));
    expect(bad({ guarantee: 'twice' })).toEqual(['INVALID_APPLICATION', 'guarantee']);
    expect(bad({ commitIntervalMs: 9 })).toEqual(['INVALID_APPLICATION', 'commitIntervalMs']);
    expect(bad({ commitIntervalMs: Number.NaN })).toEqual(['INVALID_APPLICATION', 'commitIntervalMs']);
    expect(bad({ standbys: 6 })).toEqual(['INVALID_APPLICATION', 'standbys']);
    expect(bad({ state: 'tape' })).toEqual(['INVALID_APPLICATION', 'state']);
    expect(bad({ handlers: { processing: 'dead-letter' } })).toEqual(['INVALID_TOPOLOGY', 'deadLetterTopic']);
  });

  it('is built as its settings say', () => {
    const unnamed = (topology: StreamsBuilder): void => topology.stream('words', TEXT).groupByKey().count().toStream().to('counts');
    const application = defineApplication({ name: 'a', version: '1', build: unnamed, settings: { build: { explicitNames: true } } });
    expect(refusal(() => topologyOf(application))).toEqual(['INVALID_TOPOLOGY', undefined]);
  });
});
