import { spawnStandalone } from '@moldau/harness';
import { PairedRuns } from '../measure/paired-runs.ts';
import { spreadOf } from '../measure/statistics.ts';
import type { Figure } from '../report/figure.ts';
import { numberText } from '../report/number-text.ts';
import { Worker } from '../worker/worker.ts';
import { onCluster } from './on-cluster.ts';
import { type BenchContext, type Scenario, scaled } from './scenario.ts';
import { createTopic, deleteTopic } from './test-topic.ts';

const PARTITIONS = 6;
const SIZE = 1024;
const CASES = [
  { name: '32 producers, 100 records a transaction', producers: 32, perTransaction: 100, records: 320_000 },
  { name: 'one producer, 10,000 records a transaction', producers: 1, perTransaction: 10_000, records: 300_000 },
] as const;
/** Of the rate of an idempotent producer in the run before. */
const SHARE_MIN = 0.7;
const COMMIT_P50_MS_MAX = 10;
const SMALL = { producers: 1, perTransaction: 10, records: 5_000 } as const;

/** Producers of transactions against an idempotent one, in turns; and how long commits of small ones take. */
async function run(context: BenchContext, bootstrap: string, group: string): Promise<readonly Figure[]> {
  await using worker = await Worker.connect(bootstrap);
  const figures: Figure[] = [];
  const topic = await createTopic(bootstrap, PARTITIONS, 'sync');
  for (const { name, producers, perTransaction, records } of CASES) {
    const shares: number[] = [];
    const rates = new PairedRuns();
    for (let turn = 0; turn <= context.runs; turn++) {
      const work = { records: scaled(context, records), size: SIZE } as const;
      const idempotent = await worker.run({ kind: 'produce', topics: [topic], ...work });
      const { throughput } = await worker.run({ kind: 'transactions', topic, ...work, producers, perTransaction });
      if (turn === 0) continue;
      rates.add(throughput.recordsPerSecond, undefined);
      shares.push(throughput.recordsPerSecond / idempotent.recordsPerSecond);
      context.say(`  ${name}: ${numberText(throughput.recordsPerSecond)}, idempotent ${numberText(idempotent.recordsPerSecond)}`);
    }
    figures.push({ group, name, unit: 'records/s', ...rates.comparison(false) });
    const goal = { kind: 'at least', value: SHARE_MIN } as const;
    figures.push({ group, name: `${name}: share of the idempotent rate`, unit: '', ours: spreadOf(shares), goal });
  }
  const commits: number[] = [];
  for (let turn = 0; turn <= context.runs; turn++) {
    const { commit } = await worker.run({ kind: 'transactions', topic, size: SIZE, ...SMALL });
    if (turn > 0) commits.push(commit.p50);
  }
  await deleteTopic(bootstrap, topic);
  const goal = { kind: 'at most', value: COMMIT_P50_MS_MAX } as const;
  figures.push({ group, name: 'commit of 10 records with all that is not written yet, p50', unit: 'ms', ours: spreadOf(commits), goal });
  return figures;
}

/** On one broker. */
export const transactions: Scenario = {
  name: 'transactions',
  description: 'records per second in transactions beside an idempotent producer, and how long commits take',
  async run(context) {
    await using standalone = await spawnStandalone();
    return await run(context, standalone.address, 'Transactions, 1 KB, 6 partitions, flush=sync');
  },
};

/** The same on three brokers. */
export const clusterTransactions: Scenario = {
  name: 'cluster-transactions',
  description: 'the same with three replicas',
  run: onCluster((context, { bootstrap }) =>
    run(context, bootstrap, 'Transactions on three brokers, 1 KB, 6 partitions, 3 replicas, flush=sync'),
  ),
};
