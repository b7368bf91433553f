import { silentLogger } from '@moldau/kernel';
import { expect, it } from 'vitest';
import { startProcessMetrics } from './process-metrics.ts';
import { createMeter } from './prom-meter.ts';

it('counts a stall of the event loop, warns once, and exposes the metrics of the process', async () => {
  const meter = createMeter();
  const warnings: string[] = [];
  const metrics = startProcessMetrics(meter, { ...silentLogger, warn: (message) => void warnings.push(message) });
  for (let stall = 0; stall < 2; stall++) {
    const until = performance.now() + 450;
    while (performance.now() < until);
    await new Promise((wake) => setTimeout(wake, 120));
  }
  metrics.stop();
  const text = await meter.expose();
  expect(text).toMatch(/moldau_event_loop_stalls_total [2-9]/);
  expect(text).toContain('moldau_event_loop_delay_seconds_bucket');
  expect(text).toContain('moldau_process_resident_memory_bytes');
  expect(warnings).toEqual(['the event loop was held up']);
});
