import { spawnStandalone } from '@moldau/harness';
import { PairedRuns } from '../measure/paired-runs.ts';
import type { Figure, Goal } from '../report/figure.ts';
import { Worker } from '../worker/worker.ts';
import { type Scenario, scaled } from './scenario.ts';
import { createTopic, type Flush } from './test-topic.ts';

const RECORDS = 10_000;
const PER_SECOND = 1000;
const SIZE = 100;
const P99_GOAL: Readonly<Record<Flush, Goal>> = { async: { kind: 'ratio at most', value: 1 }, sync: { kind: 'at most', value: 10 } };

/** From send to receipt at a steady 1,000 records/s; Kafka's tool sends the next record when the one before has arrived. */
export const endToEndLatency: Scenario = {
  name: 'latency',
  description: 'milliseconds from send to receipt at 1,000 records/s',
  async run(context) {
    await using standalone = await spawnStandalone();
    await using worker = await Worker.connect(standalone.address);
    const records = scaled(context, RECORDS);
    const fresh = (): { p50: PairedRuns; p99: PairedRuns } => ({ p50: new PairedRuns(), p99: new PairedRuns() });
    const runs = { async: fresh(), sync: fresh() };
    for (let run = 1; run <= context.runs; run++) {
      const kafka = await context.kafka?.latency(records, SIZE);
      for (const flush of ['async', 'sync'] as const) {
        const topic = await createTopic(standalone.address, 1, flush);
        const { p50, p99, p999 } = await worker.run({ kind: 'latency', topic, records, size: SIZE, perSecond: PER_SECOND });
        runs[flush].p50.add(p50, kafka?.p50Ms);
        runs[flush].p99.add(p99, kafka?.p99Ms);
        context.say(
          `  flush=${flush}, run ${run}: p50 ${p50} ms, p99 ${p99} ms, p99.9 ${p999} ms; Kafka p50 ${kafka?.p50Ms ?? '–'}, p99 ${kafka?.p99Ms ?? '–'}`,
        );
      }
    }
    const compared = context.kafka !== undefined;
    const place = { group: 'End to end at 1,000 records/s', unit: 'ms' };
    return (['async', 'sync'] as const).flatMap((flush): Figure[] => [
      { ...place, name: `p50, flush=${flush}`, ...runs[flush].p50.comparison(compared) },
      { ...place, name: `p99, flush=${flush}`, ...runs[flush].p99.comparison(compared), goal: P99_GOAL[flush] },
    ]);
  },
};
