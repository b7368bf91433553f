import { spawnStandalone } from '@moldau/harness';
import { ratiosOf, spreadOf } from '../measure/statistics.ts';
import type { Figure } from '../report/figure.ts';
import { Worker } from '../worker/worker.ts';
import { type Scenario, scaled } from './scenario.ts';
import { createTopic, type Flush } from './test-topic.ts';

const RECORDS = 10_000;
const PER_SECOND = 1000;
const SIZE = 100;
const SYNC_P99_MS_MAX = 10;

/** From send to receipt at a steady 1,000 records/s; Kafka's tool sends the next record when the one before has arrived. */
export const endToEndLatency: Scenario = {
  name: 'latency',
  description: 'milliseconds from send to receipt at 1,000 records/s',
  async run(context) {
    await using standalone = await spawnStandalone();
    await using worker = await Worker.connect(standalone.address);
    const records = scaled(context, RECORDS);
    const ours: Record<Flush, { p50: number[]; p99: number[] }> = { async: { p50: [], p99: [] }, sync: { p50: [], p99: [] } };
    const theirs: { p50: number[]; p99: number[] } = { p50: [], p99: [] };
    for (let run = 0; run < context.runs; run++) {
      const kafka = await context.kafka?.latency(records, SIZE);
      if (kafka !== undefined) {
        theirs.p50.push(kafka.p50Ms);
        theirs.p99.push(kafka.p99Ms);
      }
      for (const flush of ['async', 'sync'] as const) {
        const topic = await createTopic(standalone.address, 1, flush);
        const result = await worker.run({ kind: 'latency', topic, records, size: SIZE, perSecond: PER_SECOND });
        ours[flush].p50.push(result.p50Ms);
        ours[flush].p99.push(result.p99Ms);
        context.say(
          `  flush=${flush}, run ${run + 1}: p50 ${result.p50Ms} ms, p99 ${result.p99Ms} ms, p99.9 ${result.p999Ms} ms; Kafka p50 ${kafka?.p50Ms ?? '–'}, p99 ${kafka?.p99Ms ?? '–'}`,
        );
      }
    }
    return (['async', 'sync'] as const).flatMap((flush) => [
      figure(`p50, flush=${flush}`, ours[flush].p50, theirs.p50, undefined),
      figure(
        `p99, flush=${flush}`,
        ours[flush].p99,
        theirs.p99,
        flush === 'async' ? { kind: 'ratio at most', value: 1 } : { kind: 'at most', value: SYNC_P99_MS_MAX },
      ),
    ]);
  },
};

function figure(name: string, ours: readonly number[], theirs: readonly number[], goal: Figure['goal']): Figure {
  return {
    group: 'End to end at 1,000 records/s',
    name,
    unit: 'ms',
    ours: spreadOf(ours),
    ...(theirs.length === 0 ? {} : { kafka: spreadOf(theirs), ratio: ratiosOf(ours, theirs) }),
    ...(goal === undefined ? {} : { goal }),
  };
}
