import type { Cluster } from '@moldau/harness';
import { cpuSecondsOf, residentMiBOf } from '../measure/process-usage.ts';
import { type Figure, figureOf } from '../report/figure.ts';
import { numberText } from '../report/number-text.ts';
import { Worker } from '../worker/worker.ts';
import { onCluster } from './on-cluster.ts';
import { type BenchContext, type Scenario, scaled } from './scenario.ts';
import { createTopic, deleteTopic, type Flush } from './test-topic.ts';

const PARTITIONS = 6;
const CASES = [
  { size: 100, records: 2_000_000 },
  { size: 1024, records: 300_000 },
] as const;
const GROUP = 'What a cluster of three brokers takes, 6 partitions, 3 replicas, acks=all';

/** CPU seconds per million records. */
interface Used {
  readonly perBroker: number[];
  readonly together: number[];
  readonly producer: number[];
}

/** CPU and memory of brokers that each lead a third and follow the rest. */
export const clusterResources: Scenario = {
  name: 'cluster-resources',
  description: 'CPU of brokers and producer per million records to three replicas, memory',
  run: onCluster(async (context, cluster) => {
    await using worker = await Worker.connect(cluster.bootstrap);
    const figures: Figure[] = [];
    const add = (name: string, unit: string, values: readonly number[]): void => {
      figures.push(figureOf({ group: GROUP, name, unit }, values));
    };
    add('resident memory of each broker, idle', 'MiB', residentOf(cluster));
    for (const { size, records } of CASES) {
      for (const flush of ['async', 'sync'] as const) {
        const { perBroker, together, producer } = await measure(context, cluster, worker, {
          size,
          records: scaled(context, records),
          flush,
        });
        add(`CPU of each broker per million records of ${size} B, flush=${flush}`, 's', perBroker);
        add(`CPU of all brokers per million records of ${size} B, flush=${flush}`, 's', together);
        add(`CPU of the producer per million records of ${size} B, flush=${flush}`, 's', producer);
      }
    }
    add('resident memory of each broker after all that', 'MiB', residentOf(cluster));
    return figures;
  }),
};

async function measure(
  context: BenchContext,
  cluster: Cluster,
  worker: Worker,
  { size, records, flush }: { readonly size: number; readonly records: number; readonly flush: Flush },
): Promise<Used> {
  const used: Used = { perBroker: [], together: [], producer: [] };
  const perMillion = (seconds: number): number => (seconds * 1e6) / records;
  for (let run = 0; run <= context.runs; run++) {
    const topic = await createTopic(cluster.bootstrap, PARTITIONS, flush);
    const before = cpuOf(cluster);
    const { cpuSeconds, recordsPerSecond } = await worker.run({ kind: 'produce', topics: [topic], records, size });
    const brokers = cpuOf(cluster).map((after, index) => perMillion(after - (before[index] ?? 0)));
    await deleteTopic(cluster.bootstrap, topic);
    const sum = brokers.reduce((total, each) => total + each, 0);
    context.say(
      `  ${size} B, flush=${flush}, ${run === 0 ? 'warm-up' : `run ${run}`}: brokers ${brokers.map(numberText).join(' + ')} = ${numberText(sum)} s, producer ${numberText(perMillion(cpuSeconds))} s per million, ${numberText(recordsPerSecond)} records/s`,
    );
    if (run === 0) continue;
    used.perBroker.push(...brokers);
    used.together.push(sum);
    used.producer.push(perMillion(cpuSeconds));
  }
  return used;
}

function cpuOf({ brokers }: Cluster): readonly number[] {
  return brokers.map(({ pid }) => cpuSecondsOf(pid ?? 0) ?? Number.NaN);
}

function residentOf({ brokers }: Cluster): readonly number[] {
  return brokers.map(({ pid }) => residentMiBOf(pid ?? 0) ?? Number.NaN);
}
