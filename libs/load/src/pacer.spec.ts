import { describe, expect, it } from 'vitest';
import { Pacer } from './pacer.ts';

describe('Pacer', () => {
  it('never waits at rate 0', () => {
    expect(new Pacer(0).wait(1_000_000)).toBeUndefined();
  });

  it('lets a loop that is late go on, and holds one that is ahead', async () => {
    const pacer = new Pacer(1000);
    expect(pacer.wait(0)).toBeUndefined();
    const begin = performance.now();
    await pacer.wait(30);
    expect(performance.now() - begin).toBeGreaterThan(20);
  });
});
