import { PairedRuns } from '../measure/paired-runs.ts';
import type { Figure } from '../report/figure.ts';
import { numberText } from '../report/number-text.ts';
import { Worker } from '../worker/worker.ts';
import { type BenchContext, scaled } from './scenario.ts';
import { createTopic, deleteTopic, type Flush } from './test-topic.ts';

const PARTITIONS = 6;
const FLUSHES = ['async', 'sync'] as const;

export interface ProduceCase {
  /** Bytes of a record. */
  readonly size: number;
  readonly records: number;
  /** Kafka's client sends them three times over, and each is read back: so many take it about as long. */
  readonly kafkaRecords: number;
  /** Least ratio to Kafka's rate. */
  readonly goal: Readonly<Record<Flush, number>>;
}

/** Our producer against Kafka's, both warm, in turns: two figures of ours for one of Kafka's. */
export async function warmProduce(
  context: BenchContext,
  bootstrap: string,
  group: string,
  cases: readonly ProduceCase[],
): Promise<readonly Figure[]> {
  await using worker = await Worker.connect(bootstrap);
  const figures: Figure[] = [];
  for (const each of cases) {
    const runs = await warmRuns(context, bootstrap, worker, each);
    for (const flush of FLUSHES) {
      figures.push({
        group,
        name: `${each.size} B, flush=${flush}`,
        unit: 'records/s',
        ...runs[flush].comparison(context.kafka !== undefined),
        goal: { kind: 'ratio at least', value: each.goal[flush] },
      });
    }
  }
  return figures;
}

async function warmRuns(
  context: BenchContext,
  bootstrap: string,
  worker: Worker,
  { size, records, kafkaRecords }: ProduceCase,
): Promise<Readonly<Record<Flush, PairedRuns>>> {
  const runs: Readonly<Record<Flush, PairedRuns>> = { async: new PairedRuns(), sync: new PairedRuns() };
  for (let run = 0; run <= context.runs; run++) {
    const kafka = await context.kafka?.warmProduce(scaled(context, kafkaRecords), size);
    const rates: string[] = [];
    for (const flush of FLUSHES) {
      const topic = await createTopic(bootstrap, PARTITIONS, flush);
      const { recordsPerSecond } = await worker.run({ kind: 'produce', topics: [topic], records: scaled(context, records), size });
      await deleteTopic(bootstrap, topic);
      rates.push(`${flush} ${numberText(recordsPerSecond)}`);
      if (run > 0) runs[flush].add(recordsPerSecond, kafka);
    }
    context.say(`  ${size} B, ${run === 0 ? 'warm-up' : `run ${run}`}: ${rates.join(', ')}, Kafka ${numberText(kafka)}`);
  }
  return runs;
}
