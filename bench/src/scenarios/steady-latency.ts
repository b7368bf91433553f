import { PairedRuns } from '../measure/paired-runs.ts';
import type { Figure, Goal } from '../report/figure.ts';
import { Worker } from '../worker/worker.ts';
import { type BenchContext, scaled } from './scenario.ts';
import { createTopic, type Flush } from './test-topic.ts';

const RECORDS = 10_000;
const PER_SECOND = 1000;
const SIZE = 100;

export interface SteadyLatency {
  readonly bootstrap: string;
  readonly group: string;
  /** Of Kafka's tool, which sends the next record when the one before has arrived. */
  readonly kafkaRecords: number;
  readonly p99Goal: Readonly<Record<Flush, Goal>>;
}

/** From send to receipt at a steady 1,000 records/s, by the same process, beside Kafka's own tool. */
export async function steadyLatency(context: BenchContext, wanted: SteadyLatency): Promise<readonly Figure[]> {
  const { bootstrap, group, kafkaRecords, p99Goal } = wanted;
  await using worker = await Worker.connect(bootstrap);
  const fresh = (): { p50: PairedRuns; p99: PairedRuns } => ({ p50: new PairedRuns(), p99: new PairedRuns() });
  const runs = { async: fresh(), sync: fresh() };
  for (let run = 1; run <= context.runs; run++) {
    const kafka = await context.kafka?.latency(scaled(context, kafkaRecords), SIZE);
    for (const flush of ['async', 'sync'] as const) {
      const topic = await createTopic(bootstrap, 1, flush);
      const task = { kind: 'latency', topic, records: scaled(context, RECORDS), size: SIZE, perSecond: PER_SECOND } as const;
      const { p50, p99, p999 } = await worker.run(task);
      runs[flush].p50.add(p50, kafka?.p50Ms);
      runs[flush].p99.add(p99, kafka?.p99Ms);
      context.say(
        `  flush=${flush}, run ${run}: p50 ${p50} ms, p99 ${p99} ms, p99.9 ${p999} ms; Kafka p50 ${kafka?.p50Ms ?? '–'}, p99 ${kafka?.p99Ms ?? '–'}`,
      );
    }
  }
  const compared = context.kafka !== undefined;
  const place = { group, unit: 'ms' };
  return (['async', 'sync'] as const).flatMap((flush): Figure[] => [
    { ...place, name: `p50, flush=${flush}`, ...runs[flush].p50.comparison(compared) },
    { ...place, name: `p99, flush=${flush}`, ...runs[flush].p99.comparison(compared), goal: p99Goal[flush] },
  ]);
}
