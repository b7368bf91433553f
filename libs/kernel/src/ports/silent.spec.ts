import { describe, expect, it } from 'vitest';
import { LOG_LEVELS, silentLogger } from './logger.ts';
import { silentMeter } from './meter.ts';

describe('the silent ports', () => {
  it('the logger takes every level and its children are silent too', () => {
    for (const level of LOG_LEVELS) expect(silentLogger[level]('said', { to: 'nobody' })).toBeUndefined();
    expect(silentLogger.child({ broker: 1 })).toBe(silentLogger);
  });

  it('the meter gives instruments that measure nothing', () => {
    const definition = { name: 'moldau_test_total', help: 'Nothing.', labels: ['topic'] };
    const counters = silentMeter.counter(definition);
    expect(() => {
      counters.with('orders').add(1);
      counters.remove('orders');
      silentMeter.gauge(definition).with('orders').set(1);
      silentMeter
        .histogram({ ...definition, buckets: [1] })
        .with('orders')
        .record(1);
    }).not.toThrow();
  });
});
