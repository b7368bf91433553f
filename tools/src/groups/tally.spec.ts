import { describe, expect, it } from 'vitest';
import { Tally } from './tally.ts';

describe('a tally of flights', () => {
  it('knows what was counted more than once', () => {
    const tally = new Tally();
    tally.add({ origin: 'SJC', partition: 0, offsets: [0, 1], member: 'a' });
    tally.add({ origin: 'SJC', partition: 0, offsets: [1], member: 'b' });
    tally.add({ origin: 'OAK', partition: 1, offsets: [1], member: 'b' });
    tally.add({ origin: 'SJC', partition: 0, offsets: [1], member: 'c' });
    expect(tally.totals()).toEqual({ counted: 3, twice: 1 });
  });

  it('names the origins whose counts are not those of the data set', () => {
    const tally = new Tally();
    tally.add({ origin: 'SJC', partition: 0, offsets: [0, 1], member: 'a' });
    tally.add({ origin: 'LAX', partition: 0, offsets: [2], member: 'a' });
    const published = new Map([
      ['SJC', 2],
      ['OAK', 1],
    ]);
    expect(tally.differences(published)).toEqual(['OAK', 'LAX']);
  });
});
