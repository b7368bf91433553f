import { describe, expect, it } from 'vitest';
import { reasonOf } from '../testing/shard-fixture.ts';
import { parseGroupSettings } from './group-settings.ts';

describe('settings of a group', () => {
  it('are the defaults with what is set', () => {
    const settings = parseGroupSettings(
      new Map([
        ['assignor', 'range'],
        ['session.timeout.ms', '30000'],
      ]),
    );
    expect(settings).toMatchObject({ assignor: 'range', sessionTimeoutMs: 30_000, heartbeatIntervalMs: 5_000 });
  });

  it.each([
    ['session.timeout.ms', '10'],
    ['session.timeout.ms', 'soon'],
    ['session.timeout.ms', '6000'],
    ['assignor', 'best'],
    ['unknown', '1'],
    ['constructor', '1'],
  ])('%s = %s is refused', (name, value) => {
    expect(reasonOf(() => parseGroupSettings(new Map([[name, value]])))).toBe('INVALID_CONFIG');
  });
});
