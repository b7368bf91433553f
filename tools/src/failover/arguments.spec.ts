import { describe, expect, it } from 'vitest';
import { parseArguments } from './arguments.ts';

describe('the arguments of the failover demo', () => {
  it('kill every other time unless faults are named', () => {
    expect(parseArguments(['--rounds', '4'], () => 0)?.faults).toEqual(['kill', 'stop', 'kill', 'stop']);
    expect(parseArguments(['--rounds', '3', '--fault', 'etcd', '--fault', 'pause'])?.faults).toEqual(['etcd', 'pause', 'etcd']);
  });

  it('have defaults', () => {
    expect(parseArguments([])).toMatchObject({ recordsPerSecond: 1_000, outageMs: 10_000, json: false });
  });

  it.each([['--rounds', '0'], ['--rate', 'x'], ['--fault', 'flood'], ['--unknown'], ['-o', 'xml'], ['--outage', '601']])(
    'are refused when they are wrong: %s %s',
    (...argv) => {
      expect(parseArguments(argv)).toBeUndefined();
    },
  );
});
