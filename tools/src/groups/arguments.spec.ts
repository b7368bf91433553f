import { describe, expect, it } from 'vitest';
import { parseArguments } from './arguments.ts';

describe('the arguments of the demo of groups', () => {
  it('have defaults', () => {
    expect(parseArguments([])).toEqual({ flights: 20_000, flightsPerSecond: 2_000, standalone: false, json: false });
  });

  it('are taken as they are given', () => {
    const given = parseArguments(['--flights', '500', '--rate', '100', '--standalone', '-o', 'json']);
    expect(given).toEqual({ flights: 500, flightsPerSecond: 100, standalone: true, json: true });
  });

  it.each([['--flights', '99'], ['--flights', '20001'], ['--rate', '0'], ['--rate', 'x'], ['--unknown'], ['-o', 'xml']])(
    'are refused when they are wrong: %s %s',
    (...argv) => {
      expect(parseArguments(argv)).toBeUndefined();
    },
  );
});
