import { type SourceCrash, SourceKit } from '@moldau/connect/testing';
import { describe, expect, it } from 'vitest';
import { tickSource } from './tick-source.ts';

const settings = { topic: 'ticks', 'interval.ms': 1 };

// The kit runs a connector without a broker: it plans, polls, stores positions, restarts and crashes.
describe('the tick source', () => {
  it('counts, and is done', async () => {
    const kit = await SourceKit.open(tickSource, { ...settings, 'max.ticks': 3 });
    await kit.pollUntil(() => kit.finished);
    expect(kit.records.map(({ value }) => value.value)).toEqual([0, 1, 2].map((tick) => ({ counter: 0, tick })));
    await kit.close();
  });

  it('counts in each of its tasks', async () => {
    const kit = await SourceKit.open(tickSource, { ...settings, 'max.ticks': 2 }, { maxTasks: 3 });
    await kit.pollUntil(() => kit.finished);
    expect(kit.records).toHaveLength(6);
    await kit.close();
  });

  it.each<SourceCrash>(['before-write', 'before-written'])('goes on after a crash %s, with no tick lost and none twice', async (where) => {
    const kit = await SourceKit.open(tickSource, { ...settings, 'max.ticks': 5 });
    await kit.pollUntil(2);
    await kit.crash(where);
    await kit.pollUntil(() => kit.finished);
    expect(kit.records.map(({ value }) => value.value)).toEqual([0, 1, 2, 3, 4].map((tick) => ({ counter: 0, tick })));
    await kit.close();
  });

  it('names what is wrong with its settings', async () => {
    const wrong = SourceKit.open(tickSource, { topics: 'a', 'interval.ms': '0' });
    await expect(wrong).rejects.toThrow('unknown setting "topics"; did you mean topic?');
    await expect(SourceKit.open(tickSource, { ...settings, 'interval.ms': '2h', 'max.ticks': 1 })).rejects.toThrow('at most 3600000 ms');
  });
});
