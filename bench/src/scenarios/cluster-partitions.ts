import { setTimeout as sleep } from 'node:timers/promises';
import { createMoldau, type PartitionName } from '@moldau/client';
import type { Cluster, ClusterProcess } from '@moldau/harness';
import { cpuSecondsOf, residentMiBOf } from '../measure/process-usage.ts';
import { type Figure, figureOf, type Goal } from '../report/figure.ts';
import { numberText } from '../report/number-text.ts';
import { Worker } from '../worker/worker.ts';
import { onCluster } from './on-cluster.ts';
import type { BenchContext, Scenario } from './scenario.ts';
import { createTopic } from './test-topic.ts';

const GROUP = '10,000 partitions on three brokers, 3 replicas, flush=sync';
const TOPICS = 10;
const PARTITIONS_PER_TOPIC = 1000;
const SIZE = 100;
const MS_PER_SECOND = 1000;
/** After the last change the brokers have logs to flush and watermarks to note. */
const SETTLE_MS = 10_000;
const IDLE_MS = 20_000;
/** For replicas to be in sync again. */
const CALM_TIMEOUT_MS = 120_000;
const CALM_POLL_MS = 250;
const ELECTIONS_PER_CALL = 1000;

interface Many {
  readonly context: BenchContext;
  readonly cluster: Cluster;
  readonly topics: readonly [string, ...string[]];
  readonly perTopic: number;
}

/** Three processes that hold very many partitions: start, idle, and the loss of one that leads a third of them. */
export const clusterPartitions: Scenario = {
  name: 'cluster-partitions',
  description: '10,000 partitions with 3 replicas: creating, idle CPU, memory, loss of a broker, start',
  run: onCluster(async (context, cluster) => {
    const perTopic = Math.max(1, Math.round(PARTITIONS_PER_TOPIC * context.scale));
    const begin = performance.now();
    const first = await createTopic(cluster.bootstrap, perTopic, 'sync');
    const others: string[] = [];
    while (others.length + 1 < TOPICS) others.push(await createTopic(cluster.bootstrap, perTopic, 'sync'));
    const createMs = performance.now() - begin;
    const many: Many = { context, cluster, topics: [first, ...others], perTopic };
    await calm(cluster);
    {
      await using worker = await Worker.connect(cluster.bootstrap);
      await writeToEach(many, worker);
    }
    context.say(`  ${TOPICS * perTopic} partitions created in ${numberText(createMs)} ms`);
    const idle = await idleShares(many);
    const memory = cluster.brokers.map(({ pid }) => residentMiBOf(pid ?? 0) ?? Number.NaN);
    const losses = await measureLosses(many);
    const starts = await measureStarts(many);
    const figure = (name: string, unit: string, values: number | readonly number[], goal?: Goal): Figure =>
      figureOf({ group: GROUP, name, unit }, values, goal);
    return [
      figure(`creating them, in ${TOPICS} topics`, 'ms', createMs),
      figure('CPU of each broker while nothing happens', '% of a core', idle, { kind: 'at most', value: 5 }),
      figure('resident memory of each broker', 'MiB', memory),
      figure('a record to each partition, all brokers there', 'ms', losses.before),
      figure('from kill -9 of a broker until each partition took a record', 'ms', losses.after, { kind: 'at most', value: 5_000 }),
      figure('start of the whole cluster after a clean stop until it is ready', 'ms', starts.ready, { kind: 'at most', value: 60_000 }),
      figure('the same until each partition took a record', 'ms', starts.writable, { kind: 'at most', value: 60_000 }),
      figure('start of the whole cluster after kill -9 until it is ready', 'ms', starts.readyAfterKill, { kind: 'at most', value: 60_000 }),
      figure('the same until each partition took a record, kill -9', 'ms', starts.writableAfterKill, { kind: 'at most', value: 60_000 }),
    ];
  }),
};

/** Per cent of a core that each broker takes. */
async function idleShares({ context, cluster: { brokers } }: Many): Promise<readonly number[]> {
  await sleep(SETTLE_MS * context.scale);
  const idleMs = IDLE_MS * context.scale;
  const cpu = (): readonly number[] => brokers.map(({ pid }) => cpuSecondsOf(pid ?? 0) ?? Number.NaN);
  const before = cpu();
  await sleep(idleMs);
  const shares = cpu().map((after, index) => (100 * MS_PER_SECOND * (after - (before[index] ?? 0))) / idleMs);
  context.say(`  idle: ${shares.map(numberText).join(', ')} % of a core`);
  return shares;
}

async function measureLosses(many: Many): Promise<{ readonly before: readonly number[]; readonly after: readonly number[] }> {
  const { context, cluster } = many;
  await using worker = await Worker.connect(cluster.bootstrap);
  const before: number[] = [];
  const after: number[] = [];
  for (let run = 1; run <= context.runs; run++) {
    before.push(await writeToEach(many, worker));
    const lost = cluster.brokers[run % cluster.brokers.length] as ClusterProcess;
    const killedAt = performance.now();
    await lost.kill();
    await writeToEach(many, worker);
    after.push(performance.now() - killedAt);
    context.say(
      `  run ${run}: ${numberText(after.at(-1))} ms after kill -9 each partition had taken a record, before in ${numberText(before.at(-1))} ms`,
    );
    await lost.restart();
    await calm(cluster);
  }
  return { before, after };
}

interface Starts {
  readonly ready: number[];
  readonly writable: number[];
  readonly readyAfterKill: number[];
  readonly writableAfterKill: number[];
}

async function measureStarts(many: Many): Promise<Starts> {
  const starts: Starts = { ready: [], writable: [], readyAfterKill: [], writableAfterKill: [] };
  for (let run = 1; run <= many.context.runs; run++) {
    const clean = await startAfter(many, { kill: false });
    starts.ready.push(clean.readyMs);
    starts.writable.push(clean.writableMs);
    const unclean = await startAfter(many, { kill: true });
    starts.readyAfterKill.push(unclean.readyMs);
    starts.writableAfterKill.push(unclean.writableMs);
    many.context.say(
      `  run ${run}: ready ${numberText(clean.readyMs)} ms and written to ${numberText(clean.writableMs)} ms after a clean stop, ${numberText(unclean.readyMs)} and ${numberText(unclean.writableMs)} ms after kill -9`,
    );
  }
  return starts;
}

async function startAfter(
  many: Many,
  ending: { readonly kill: boolean },
): Promise<{ readonly readyMs: number; readonly writableMs: number }> {
  const { cluster } = many;
  await cluster.down(ending);
  const begin = performance.now();
  await cluster.up();
  const readyMs = performance.now() - begin;
  await using worker = await Worker.connect(cluster.bootstrap);
  await writeToEach(many, worker);
  return { readyMs, writableMs: performance.now() - begin };
}

/** One record to each partition, acks=all; how long it took. */
async function writeToEach({ topics, perTopic }: Many, worker: Worker): Promise<number> {
  const begin = performance.now();
  const task = { kind: 'produce', topics, records: topics.length * perTopic, size: SIZE, byTurns: perTopic } as const;
  await worker.run(task);
  return performance.now() - begin;
}

/** Waits until all replicas are in sync, and lets the preferred ones lead. */
async function calm({ bootstrap }: Cluster): Promise<void> {
  await using moldau = createMoldau({ bootstrap });
  const admin = moldau.admin();
  const deadline = performance.now() + CALM_TIMEOUT_MS;
  for (;;) {
    const lagging = await admin.describePartitions({ condition: 'under-replicated', pageSize: 1 }).next();
    if (lagging.done === true) break;
    if (performance.now() > deadline) throw new Error(`partitions are still under-replicated after ${CALM_TIMEOUT_MS} ms`);
    await sleep(CALM_POLL_MS);
  }
  const astray: PartitionName[] = [];
  for await (const { topic, partition } of admin.describePartitions({ condition: 'not-preferred' })) astray.push({ topic, partition });
  for (let at = 0; at < astray.length; at += ELECTIONS_PER_CALL) {
    await admin.electLeaders('preferred', astray.slice(at, at + ELECTIONS_PER_CALL));
  }
}
