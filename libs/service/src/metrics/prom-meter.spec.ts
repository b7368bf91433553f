import { describe, expect, it } from 'vitest';
import { createMeter } from './prom-meter.ts';

describe('createMeter', () => {
  it('exposes counters, gauges and histograms with their labels', async () => {
    const meter = createMeter();
    meter
      .counter({ name: 'moldau_requests_total', help: 'Requests.', labels: ['method'] })
      .with('Fetch')
      .add(2);
    meter.gauge({ name: 'moldau_partitions', help: 'Partitions.' }).with().set(7);
    meter
      .histogram({ name: 'moldau_wait_seconds', help: 'Wait.', buckets: [0.1, 1] })
      .with()
      .record(0.5);
    const text = await meter.expose();
    expect(text).toContain('# TYPE moldau_requests_total counter');
    expect(text).toContain('moldau_requests_total{method="Fetch"} 2');
    expect(text).toContain('moldau_partitions 7');
    expect(text).toContain('moldau_wait_seconds_bucket{le="0.1"} 0');
    expect(text).toContain('moldau_wait_seconds_bucket{le="1"} 1');
  });

  it('makes the child of some label values once', () => {
    const family = createMeter().counter({ name: 'moldau_bytes_total', help: 'Bytes.', labels: ['topic'] });
    expect(family.with('a')).toBe(family.with('a'));
    expect(family.with('a')).not.toBe(family.with('b'));
  });

  it('reads an observed gauge when it is scraped, and forgets it when it is removed', async () => {
    const meter = createMeter();
    const family = meter.gauge({ name: 'moldau_lag_records', help: 'Lag.', labels: ['partition'] });
    let lag = 1;
    family.with('0').observe(() => lag);
    lag = 5;
    expect(await meter.expose()).toContain('moldau_lag_records{partition="0"} 5');
    family.remove('0');
    expect(await meter.expose()).not.toContain('partition="0"');
  });

  it('answers with the same metric when two parts ask for it, and asserts prefix and labels', () => {
    const meter = createMeter();
    const one = meter.counter({ name: 'moldau_a_total', help: 'A.', labels: ['x'] });
    expect(meter.counter({ name: 'moldau_a_total', help: 'A.', labels: ['x'] })).toBe(one);
    expect(() => meter.counter({ name: 'moldau_a_total', help: 'A.', labels: ['y'] })).toThrow('one set of labels');
    expect(() => meter.counter({ name: 'a_total', help: 'A.' })).toThrow('begins with moldau_');
    expect(() => one.with()).toThrow('one value for each label');
  });

  it('shows what has labels once there is something to show, and what has none from the start', async () => {
    const meter = createMeter();
    meter.counter({ name: 'moldau_made_total', help: 'Made.' });
    meter.counter({ name: 'moldau_named_total', help: 'Named.', labels: ['x'] }).with('a');
    const text = await meter.expose();
    expect(text).toContain('moldau_made_total 0');
    expect(text).not.toContain('x="a"');
  });

  it('sums up buckets, each with all below it, and escapes labels', async () => {
    const meter = createMeter();
    const family = meter.histogram({ name: 'moldau_wait_seconds', help: 'Wait.', labels: ['of'], buckets: [0.1, 1] });
    for (const value of [0.1, 0.5, 0.5, 3]) family.with('a"b').record(value);
    const lines = (await meter.expose()).split('\n').filter((line) => line.startsWith('moldau_wait'));
    expect(lines).toEqual([
      'moldau_wait_seconds_bucket{le="0.1",of="a\\"b"} 1',
      'moldau_wait_seconds_bucket{le="1",of="a\\"b"} 3',
      'moldau_wait_seconds_bucket{le="+Inf",of="a\\"b"} 4',
      'moldau_wait_seconds_sum{of="a\\"b"} 4.1',
      'moldau_wait_seconds_count{of="a\\"b"} 4',
    ]);
    expect(() => family.with('a').record(Number.NaN)).toThrow('records numbers');
    expect(() => meter.counter({ name: 'moldau_x_total', help: 'X.' }).with().add(-1)).toThrow('only rises');
  });
});
