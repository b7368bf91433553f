import { spawnStandalone } from '@moldau/harness';
import { PairedRuns } from '../measure/paired-runs.ts';
import type { Figure } from '../report/figure.ts';
import { numberText } from '../report/number-text.ts';
import { Worker } from '../worker/worker.ts';
import { type BenchContext, type Scenario, scaled } from './scenario.ts';
import { createTopic, deleteTopic, type Flush } from './test-topic.ts';

const PARTITIONS = 6;
const FLUSHES = ['async', 'sync'] as const;
/** Kafka's warm client takes as long for half of it: two figures of ours for one of Kafka's. */
const KAFKA_SHARE = 0.5;

const CASES: readonly { readonly size: number; readonly records: number; readonly goal: Readonly<Record<Flush, number>> }[] = [
  { size: 100, records: 3_000_000, goal: { async: 1.5, sync: 1 } },
  { size: 1024, records: 400_000, goal: { async: 2, sync: 1.2 } },
];

/** Our producer against Kafka's, both warm, in turns. */
export const produceSideBySide: Scenario = {
  name: 'produce',
  description: 'records per second of one warm producer, side by side with a warm Kafka client',
  async run(context) {
    await using standalone = await spawnStandalone();
    await using worker = await Worker.connect(standalone.address);
    const figures: Figure[] = [];
    for (const { size, records: full, goal } of CASES) {
      const records = scaled(context, full);
      const runs = await warmRuns(context, standalone.address, worker, { size, records });
      for (const flush of FLUSHES) {
        figures.push({
          group: 'Produce, warm clients, 6 partitions, acks=all',
          name: `${size} B, flush=${flush}`,
          unit: 'records/s',
          ...runs[flush].comparison(context.kafka !== undefined),
          goal: { kind: 'ratio at least', value: goal[flush] },
        });
      }
    }
    return figures;
  },
};

async function warmRuns(
  context: BenchContext,
  bootstrap: string,
  worker: Worker,
  { size, records }: { readonly size: number; readonly records: number },
): Promise<Readonly<Record<Flush, PairedRuns>>> {
  const runs: Readonly<Record<Flush, PairedRuns>> = { async: new PairedRuns(), sync: new PairedRuns() };
  for (let run = 0; run <= context.runs; run++) {
    const kafka = await context.kafka?.warmProduce(Math.round(records * KAFKA_SHARE), size);
    const rates: string[] = [];
    for (const flush of FLUSHES) {
      const topic = await createTopic(bootstrap, PARTITIONS, flush);
      const { recordsPerSecond } = await worker.run({ kind: 'produce', topics: [topic], records, size });
      await deleteTopic(bootstrap, topic);
      rates.push(`${flush} ${numberText(recordsPerSecond)}`);
      if (run > 0) runs[flush].add(recordsPerSecond, kafka);
    }
    context.say(`  ${size} B, ${run === 0 ? 'warm-up' : `run ${run}`}: ${rates.join(', ')}, Kafka ${numberText(kafka)}`);
  }
  return runs;
}
