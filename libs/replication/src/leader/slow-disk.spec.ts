import { describe, expect, it } from 'vitest';
import { SlowDisk, WELL_AFTER_MS_MIN } from './slow-disk.ts';

const LOOK_MS = 100;

/** A disk that is looked at regularly, and whose flushes each take `flushMs`, with others' done at once. */
class Rig {
  readonly disk = new SlowDisk();
  nowMs = 0;

  /** Looks for so long; milliseconds until the judgement changed, undefined when it did not. */
  run(durationMs: number, flushMs: number, leads = true): number | undefined {
    const beganMs = this.nowMs;
    while (this.nowMs < beganMs + durationMs) {
      this.nowMs += LOOK_MS;
      const underWayMs = flushMs === 0 ? 0 : this.nowMs % flushMs;
      const ended = underWayMs < LOOK_MS;
      const heldBackMs = leads ? underWayMs : 0;
      if (this.disk.look({ nowMs: this.nowMs, heldBackMs, flushMs: ended ? flushMs : underWayMs })) return this.nowMs - beganMs;
    }
    return undefined;
  }
}

describe('a slow disk', () => {
  it('is known within two seconds when a flush hangs', () => {
    expect(new Rig().run(10_000, 1_000_000)).toBeLessThanOrEqual(2_000);
  });

  it('is known within some rounds of a second each', () => {
    expect(new Rig().run(20_000, 1_000)).toBeLessThanOrEqual(6_000);
  });

  it('is known within some seconds when each flush takes 560 ms', () => {
    expect(new Rig().run(20_000, 560)).toBeLessThanOrEqual(5_000);
  });

  it('is one with flushes of 300 ms never, and of 20 ms never', () => {
    expect(new Rig().run(120_000, 300)).toBeUndefined();
    expect(new Rig().run(120_000, 20)).toBeUndefined();
  });

  it('is not one that nobody waits for alone', () => {
    expect(new Rig().run(120_000, 2_000, false)).toBeUndefined();
  });

  it('is not one after a single flush of a second', () => {
    const rig = new Rig();
    expect(rig.run(1_000, 1_000_000)).toBeUndefined();
    expect(rig.run(60_000, 10)).toBeUndefined();
  });

  it('is well again once it has flushed quickly for the whole time, and not before', () => {
    const rig = new Rig();
    rig.run(10_000, 1_000_000);
    expect(rig.run(120_000, 3_000, false)).toBeUndefined();
    const wellMs = rig.run(120_000, 10, false);
    expect(wellMs).toBeGreaterThan(WELL_AFTER_MS_MIN - 2_000);
    expect(wellMs).toBeLessThanOrEqual(WELL_AFTER_MS_MIN + LOOK_MS);
    expect(rig.disk.isSlow).toBe(false);
  });

  it('needs twice as long each time it is slow again soon after', () => {
    const rig = new Rig();
    rig.run(10_000, 1_000_000);
    const first = rig.run(600_000, 10, false) ?? 0;
    rig.run(10_000, 1_000_000);
    const second = rig.run(600_000, 10, false) ?? 0;
    expect(second).toBeGreaterThan(first + WELL_AFTER_MS_MIN / 2);
  });

  it('is not judged by a pause of the process', () => {
    const disk = new SlowDisk();
    disk.look({ nowMs: 0, heldBackMs: 0, flushMs: 0 });
    expect(disk.look({ nowMs: 60_000, heldBackMs: 60_000, flushMs: 60_000 })).toBe(false);
    expect(disk.isSlow).toBe(false);
  });
});
