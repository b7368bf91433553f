import { createMoldau } from '@moldau/client';
import type { Cluster, ClusterProcess } from '@moldau/harness';
import type { CommitFigures } from '../groups/group-stubs.ts';
import { sharedNowMs } from '../measure/process-clock.ts';
import { cpuSecondsOf, residentMiBOf } from '../measure/process-usage.ts';
import { type Figure, figureOf, type Goal } from '../report/figure.ts';
import { numberText } from '../report/number-text.ts';
import { Worker } from '../worker/worker.ts';
import { onCluster } from './on-cluster.ts';
import { type BenchContext, type Scenario, scaled } from './scenario.ts';
import { createTopic } from './test-topic.ts';

const GROUP = 'Committed offsets, three brokers, three coordinators, 3 replicas';
const COORDINATORS = 3;
const OFFSETS = 100;
/** Enough for all shards, and for every lane to have one of its own. */
const GROUPS = 64;
const MEMBERS = 128;
const BATCHED = 5_000;
const SINGLE = 60_000;
const STEADY_PER_SECOND = 2_000;
const STEADY = 20_000;
const MANY_GROUPS = 10_000;
const OFFSETS_OF_MANY = 10;
const IN_FLIGHT = 32;
/** Of the store's lease, by default: so long nobody knows that an owner is dead. */
const LEASE_MS = 5_000;

interface Commits {
  readonly context: BenchContext;
  readonly cluster: Cluster;
  readonly worker: Worker;
  readonly topic: string;
  readonly topicId: string;
}

/** Commits of offsets: how many, how long, and how soon another owner has them. */
export const commits: Scenario = {
  name: 'commits',
  description: 'committed offsets and commits per second, their latency, memory and takeover of 10,000 groups',
  run: onCluster(
    async (context, cluster) => {
      await using worker = await Worker.connect(cluster.bootstrap);
      const topic = await createTopic(cluster.bootstrap, OFFSETS, 'async');
      const measured: Commits = { context, cluster, worker, topic, topicId: await topicIdOf(cluster.bootstrap, topic) };
      return [...(await measureBatched(measured)), ...(await measureMembers(measured)), ...(await measureMany(measured))];
    },
    { coordinators: COORDINATORS },
  ),
};

async function measureBatched({ context, cluster, worker, topicId }: Commits): Promise<readonly Figure[]> {
  const count = scaled(context, BATCHED);
  const rates: number[] = [];
  const used: number[] = [];
  const task = { kind: 'group-commit', topicId, prefix: 'batched', groups: GROUPS, offsets: OFFSETS, inFlight: IN_FLIGHT } as const;
  await worker.run({ ...task, commits: count });
  for (let run = 1; run <= context.runs; run++) {
    const { figures, serverSeconds } = await withCpu(cluster, () => worker.run({ ...task, commits: count }));
    rates.push(figures.throughput.recordsPerSecond * OFFSETS);
    used.push((serverSeconds * 1e6) / count / OFFSETS);
    context.say(
      `  ${OFFSETS} offsets a commit: ${numberText(rates.at(-1))} offsets/s, ${told(figures)}, servers ${numberText(used.at(-1))} µs an offset`,
    );
  }
  return [
    figure(`at ${OFFSETS} a commit`, 'offsets/s', rates, { kind: 'at least', value: 20_000 }),
    figure('CPU of brokers and coordinators for each of them', 'µs', used),
  ];
}

async function measureMembers({ context, cluster, worker, topic, topicId }: Commits): Promise<readonly Figure[]> {
  await worker.run({ kind: 'stub-join', topic, members: MEMBERS, groups: MEMBERS, prefix: 'single' });
  const count = scaled(context, SINGLE);
  const steady = scaled(context, STEADY);
  const rates: number[] = [];
  const used: number[] = [];
  const p99s: number[] = [];
  await worker.run({ kind: 'stub-commit', topicId, commits: count, perSecond: 0 });
  for (let run = 1; run <= context.runs; run++) {
    const { figures, serverSeconds } = await withCpu(cluster, () =>
      worker.run({ kind: 'stub-commit', topicId, commits: count, perSecond: 0 }),
    );
    rates.push(figures.throughput.recordsPerSecond);
    used.push((serverSeconds * 1e6) / count);
    const paced = await worker.run({ kind: 'stub-commit', topicId, commits: steady, perSecond: STEADY_PER_SECOND });
    p99s.push(paced.latency.p99);
    context.say(
      `  ${MEMBERS} members: ${numberText(rates.at(-1))} commits/s, ${told(figures)}, servers ${numberText(used.at(-1))} µs a commit; at ${STEADY_PER_SECOND}/s ${told(paced)}`,
    );
  }
  await worker.run({ kind: 'stub-leave' });
  return [
    figure(`commits of one offset, of ${MEMBERS} members in groups of their own`, 'commits/s', rates, { kind: 'at least', value: 4_000 }),
    figure('CPU of brokers and coordinators for each of them', 'µs', used),
    figure(`at ${STEADY_PER_SECOND} commits/s, p99`, 'ms', p99s, { kind: 'at most', value: 20 }),
  ];
}

/** Groups that each have some offsets; then, again and again, one of the owners dies. */
async function measureMany({ context, cluster, worker, topicId }: Commits): Promise<readonly Figure[]> {
  const groups = scaled(context, MANY_GROUPS);
  const many = { topicId, prefix: 'many', groups, offsets: OFFSETS_OF_MANY } as const;
  await worker.run({ kind: 'group-commit', ...many, commits: groups, inFlight: IN_FLIGHT });
  const residents = cluster.coordinators.map(({ pid }) => residentMiBOf(pid ?? 0) ?? Number.NaN);
  context.say(`  ${groups} groups: coordinators take ${residents.map(numberText).join(', ')} MiB`);
  const wholes: number[] = [];
  const loads: number[] = [];
  for (let run = 1; run <= context.runs; run++) {
    const lost = cluster.coordinators[run % COORDINATORS] as ClusterProcess;
    const killedAtMs = sharedNowMs();
    await lost.kill();
    const lastAtMs = await worker.run({ kind: 'group-await', ...many, groups: Math.min(groups, GROUPS) });
    wholes.push(lastAtMs - killedAtMs);
    loads.push(Math.max(0, (wholes.at(-1) ?? 0) - LEASE_MS));
    context.say(`  run ${run}: ${numberText(wholes.at(-1))} ms after kill -9 of an owner all groups answer`);
    await lost.restart();
    await worker.run({ kind: 'group-await', ...many });
  }
  const name = `${groups * OFFSETS_OF_MANY} offsets in ${groups} groups`;
  return [
    figure(`${name}: resident memory of each coordinator`, 'MiB', residents, { kind: 'at most', value: 500 }),
    figure(`${name}: from kill -9 of an owner until all groups answer`, 'ms', wholes),
    figure('the same without the 5 s of its lease', 'ms', loads, { kind: 'at most', value: 3_000 }),
  ];
}

async function withCpu(
  { brokers, coordinators }: Cluster,
  run: () => Promise<CommitFigures>,
): Promise<{ readonly figures: CommitFigures; readonly serverSeconds: number }> {
  const used = (): number => [...brokers, ...coordinators].reduce((sum, { pid }) => sum + (cpuSecondsOf(pid ?? 0) ?? Number.NaN), 0);
  const before = used();
  const figures = await run();
  return { figures, serverSeconds: used() - before };
}

async function topicIdOf(bootstrap: string, topic: string): Promise<string> {
  await using moldau = createMoldau({ bootstrap });
  const described = await moldau.admin().describeTopics([topic]);
  const [first] = described;
  if (first === undefined) throw new Error(`topic ${topic} is unknown`);
  return first.topicId;
}

function told({ throughput, latency }: CommitFigures): string {
  return `p50 ${numberText(latency.p50)} p99 ${numberText(latency.p99)} ms, client ${numberText((throughput.cpuSeconds * 1e6) / throughput.records)} µs a commit`;
}

function figure(name: string, unit: string, values: readonly number[], goal?: Goal): Figure {
  return figureOf({ group: GROUP, name, unit }, values, goal);
}
