import type { Logger } from '@moldau/kernel';
import { collectDefaultMetrics } from 'prom-client';
import { METRIC_PREFIX, type PromMeter } from './prom-meter.ts';

/** How often the event loop's delay is sampled. */
const SAMPLE_INTERVAL_MS = 100;
/** A delay above this is a stall: counted, logged and alerted on. */
const STALL_MS = 250;
/** At most one warning of a stall in this long. */
const STALL_WARNING_INTERVAL_MS = 10_000;
/** Upper bounds in seconds, from an idle loop to one that clients notice. */
const DELAY_BUCKETS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/** Starts the metrics every process has: CPU, memory, garbage collection, descriptors, and the event loop's delay. */
export function startProcessMetrics(meter: PromMeter, log: Logger): { stop(): void } {
  collectDefaultMetrics({ register: meter.registry, prefix: METRIC_PREFIX });
  const delays = meter
    .histogram({ name: 'moldau_event_loop_delay_seconds', help: 'How late timers of the event loop ran.', buckets: DELAY_BUCKETS })
    .with();
  const stalls = meter.counter({ name: 'moldau_event_loop_stalls_total', help: `Delays of the event loop above ${STALL_MS} ms.` }).with();
  stalls.add(0);
  let expectedAt = performance.now() + SAMPLE_INTERVAL_MS;
  let warnedAt = Number.NEGATIVE_INFINITY;
  const timer = setInterval(() => {
    const now = performance.now();
    const delayMs = Math.max(0, now - expectedAt);
    expectedAt = now + SAMPLE_INTERVAL_MS;
    delays.record(delayMs / 1000);
    if (delayMs <= STALL_MS) return;
    stalls.add(1);
    if (now - warnedAt < STALL_WARNING_INTERVAL_MS) return;
    warnedAt = now;
    log.warn('the event loop was held up', { delayMs: Math.round(delayMs), limitMs: STALL_MS });
  }, SAMPLE_INTERVAL_MS);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}
