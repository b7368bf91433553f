import { describe, expect, it } from 'vitest';
import { LatencyHistogram } from './latency-histogram.ts';

describe('LatencyHistogram', () => {
  it('tells percentiles in milliseconds, to three digits', () => {
    const histogram = new LatencyHistogram();
    for (let ms = 1; ms <= 1000; ms++) histogram.record(ms);
    const { average, p50, p99, max } = histogram.figures();
    expect([average, p50, p99, max].map(Math.floor)).toEqual([500, 500, 990, 1000]);
  });

  it('has zeros when nothing was recorded, and no percentile above the longest', () => {
    const histogram = new LatencyHistogram();
    expect(histogram.figures()).toEqual({ average: 0, p50: 0, p95: 0, p99: 0, p999: 0, max: 0 });
    histogram.record(12.345678);
    const { p999, max } = histogram.figures();
    expect(p999).toBe(max);
  });

  it('takes less than a microsecond, and more than ten minutes, as its limits', () => {
    const histogram = new LatencyHistogram();
    histogram.record(0);
    expect(histogram.figures().max).toBe(0.001);
    histogram.record(3_600_000);
    expect(Math.round(histogram.figures().max / 60_000)).toBe(10);
  });
});
