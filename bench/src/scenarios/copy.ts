import { spawnStandalone } from '@moldau/harness';
import { PairedRuns } from '../measure/paired-runs.ts';
import type { Figure } from '../report/figure.ts';
import { numberText } from '../report/number-text.ts';
import { Worker } from '../worker/worker.ts';
import { onCluster } from './on-cluster.ts';
import { type BenchContext, type Scenario, scaled } from './scenario.ts';
import { createTopic, deleteTopic } from './test-topic.ts';

const PARTITIONS = 6;
/** As Kafka's side of it has them. */
const SHAPES = [
  { shape: 'large', name: '100 × 1,000 B a transaction', perTransaction: 100, size: 1000, records: 50_000 },
  { shape: 'small', name: '1,000 × 100 B a transaction', perTransaction: 1000, size: 100, records: 500_000 },
] as const;
const KAFKA_RECORDS = 30_000;
const RATIO_MIN = 1.5;

/** Consume, transform, produce: one member that copies a topic, exactly once. */
async function run(context: BenchContext, bootstrap: string, group: string): Promise<readonly Figure[]> {
  await using worker = await Worker.connect(bootstrap);
  const runs = { large: new PairedRuns(), small: new PairedRuns() };
  for (let turn = 0; turn <= context.runs; turn++) {
    const kafka = await context.kafka?.copy(scaled(context, KAFKA_RECORDS));
    for (const { shape, name, perTransaction, size, records: all } of SHAPES) {
      const records = scaled(context, all);
      const from = await createTopic(bootstrap, PARTITIONS, 'sync');
      const to = await createTopic(bootstrap, PARTITIONS, 'sync');
      await worker.run({ kind: 'produce', topics: [from], records, size });
      const { recordsPerSecond } = await worker.run({ kind: 'copy', from, to, records, size, perTransaction });
      await deleteTopic(bootstrap, from);
      await deleteTopic(bootstrap, to);
      context.say(
        `  ${name}, ${turn === 0 ? 'warm-up' : `run ${turn}`}: ${numberText(recordsPerSecond)}, Kafka ${numberText(kafka?.[shape])}`,
      );
      if (turn > 0) runs[shape].add(recordsPerSecond, kafka?.[shape]);
    }
  }
  return SHAPES.map(({ shape, name }) => ({
    group,
    name,
    unit: 'records/s',
    ...runs[shape].comparison(context.kafka !== undefined),
    goal: { kind: 'ratio at least', value: RATIO_MIN },
  }));
}

/** On one broker. */
export const copy: Scenario = {
  name: 'copy',
  description: 'records per second that one member copies from topic to topic in transactions, side by side with Kafka',
  async run(context) {
    await using standalone = await spawnStandalone();
    return await run(context, standalone.address, 'Consume, transform, produce in transactions, 6 partitions, flush=sync');
  },
};

/** The same on three brokers. */
export const clusterCopy: Scenario = {
  name: 'cluster-copy',
  description: 'the same with three replicas',
  kafkaBrokers: 3,
  run: onCluster((context, { bootstrap }) =>
    run(context, bootstrap, 'Consume, transform, produce on three brokers, 3 replicas, flush=sync'),
  ),
};
