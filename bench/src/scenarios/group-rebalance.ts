import { setTimeout as sleep } from 'node:timers/promises';
import { createMoldau } from '@moldau/client';
import type { Cluster } from '@moldau/harness';
import { type Movement, movementOf } from '../groups/movement.ts';
import { sharedNowMs } from '../measure/process-clock.ts';
import { percentileOf } from '../measure/statistics.ts';
import { type Figure, figureOf, type Goal } from '../report/figure.ts';
import { numberText } from '../report/number-text.ts';
import { Worker } from '../worker/worker.ts';
import { onCluster } from './on-cluster.ts';
import type { BenchContext, Scenario } from './scenario.ts';
import { createTopic } from './test-topic.ts';

const HEADING = 'A group, three brokers, three coordinators, 3 replicas';
const COORDINATORS = 3;
const PARTITIONS = 300;
/** In processes of their own, beside one member that leaves and comes and one that is killed. */
const PROCESSES = 4;
const MEMBERS_EACH = 12;
const PER_SECOND = 3_000;
const SIZE = 100;
const SESSION_TIMEOUT_MS = 6_000;
const CALM_MS = 2_000;
/** After an event, beside the session of a member that was killed. */
const AFTERWARDS_MS = 4_000;
const JOIN_TIMEOUT_MS = 60_000;
const MANY = { members: 500, partitions: 500, processes: 2 } as const;
const LOOK_MS = 50;
const P99 = 99;
const EVENTS = ['leave', 'join', 'kill'] as const;

type Event = (typeof EVENTS)[number];

interface Readers {
  readonly context: BenchContext;
  readonly cluster: Cluster;
  readonly topic: string;
  readonly producer: Worker;
  readonly staying: readonly Worker[];
  /** One that leaves and joins, and one that is killed. */
  leaver: Worker;
  mortal: Worker;
}

/** Members come and go: what stops for how long. */
export const groupRebalance: Scenario = {
  name: 'group-rebalance',
  description: '50 members on 300 partitions: one joins, leaves, is killed; 500 members converge',
  run: onCluster(
    async (context, cluster) => {
      const movements = await measureEvents(context, cluster);
      const converged: number[] = [];
      for (let run = 1; run <= context.runs; run++) converged.push(await converge(context, cluster, run));
      const goal = { kind: 'at most', value: 5_000 } as const;
      return [
        ...EVENTS.flatMap((event) => figuresOf(event, movements[event])),
        figure(`${MANY.members} members join at once until all hold their share of ${MANY.partitions} partitions`, 'ms', converged, goal),
      ];
    },
    { coordinators: COORDINATORS },
  ),
};

const GOALS: Readonly<Record<Event, { readonly name: string; readonly goal?: Goal }>> = {
  leave: { name: 'one leaves', goal: { kind: 'at most', value: 300 } },
  join: { name: 'one joins' },
  kill: { name: `one is killed, session of ${SESSION_TIMEOUT_MS} ms`, goal: { kind: 'at most', value: SESSION_TIMEOUT_MS + 1_000 } },
};

function figuresOf(event: Event, movements: readonly Movement[]): readonly Figure[] {
  const { name, goal } = GOALS[event];
  const p99s = movements.map(({ gapsAfter }) => percentileOf(gapsAfter, P99));
  return [
    figure(
      `${name}: until all that moves flows again`,
      'ms',
      movements.map(({ flowsAfterMs }) => flowsAfterMs),
      goal,
    ),
    figure(`${name}: pauses of what does not move, p99`, 'ms', p99s, { kind: 'at most', value: 100 }),
    figure(
      `${name}: the longest of them`,
      'ms',
      movements.map(({ gapsAfter }) => Math.max(...gapsAfter)),
    ),
    figure(
      `${name}: the longest before it`,
      'ms',
      movements.map(({ gapsBefore }) => Math.max(...gapsBefore)),
    ),
  ];
}

async function measureEvents(context: BenchContext, cluster: Cluster): Promise<Record<Event, Movement[]>> {
  const topic = await createTopic(cluster.bootstrap, PARTITIONS, 'async');
  const workers = await Promise.all(Array.from({ length: PROCESSES + 3 }, () => Worker.connect(cluster.bootstrap)));
  const [producer, leaver, mortal, ...staying] = workers;
  if (producer === undefined || leaver === undefined || mortal === undefined) throw new Error('there are no workers');
  const readers: Readers = { context, cluster, topic, producer, staying, leaver, mortal };
  try {
    await setSession(cluster.bootstrap, topic);
    await Promise.all(staying.map((worker) => join(readers, worker, MEMBERS_EACH)));
    await join(readers, leaver, 1);
    await join(readers, mortal, 1);
    await produceUntilAllRead(readers);
    const movements: Record<Event, Movement[]> = { leave: [], join: [], kill: [] };
    for (let run = 0; run <= context.runs; run++) {
      for (const event of EVENTS) {
        const movement = await measureEvent(readers, event);
        context.say(`  ${run === 0 ? 'warm-up' : `run ${run}`}, ${event}: ${told(movement)}`);
        if (run > 0) movements[event].push(movement);
      }
      readers.mortal = await Worker.connect(cluster.bootstrap);
      await join(readers, readers.mortal, 1);
      await produceUntilAllRead(readers);
    }
    return movements;
  } finally {
    for (const worker of [...workers, readers.mortal]) await worker.kill();
  }
}

async function measureEvent(readers: Readers, event: Event): Promise<Movement> {
  const { producer, topic, leaver, mortal } = readers;
  const afterMs = AFTERWARDS_MS + (event === 'kill' ? SESSION_TIMEOUT_MS : 0);
  const records = Math.ceil(((CALM_MS + afterMs) * PER_SECOND) / 1000);
  await report(readers);
  const produced = producer.run({ kind: 'produce', topics: [topic], records, size: SIZE, byTurns: PARTITIONS, perSecond: PER_SECOND });
  await sleep(CALM_MS);
  // What a killed process has seen dies with it.
  const seen = event === 'kill' ? await mortal.run({ kind: 'read-report' }) : [];
  const eventAtMs = sharedNowMs();
  if (event === 'kill') await mortal.kill();
  else if (event === 'leave') await leaver.run({ kind: 'read-leave' });
  else await join(readers, leaver, 1);
  await produced;
  return movementOf([...seen, ...(await report(readers, event === 'kill'))], PARTITIONS, eventAtMs);
}

/** What all have read since the last time. */
async function report({ staying, leaver, mortal }: Readers, mortalIsDead = false): Promise<Parameters<typeof movementOf>[0]> {
  const living = [...staying, leaver, ...(mortalIsDead ? [] : [mortal])];
  return (await Promise.all(living.map((worker) => worker.run({ kind: 'read-report' })))).flat();
}

async function produceUntilAllRead(readers: Readers): Promise<void> {
  const { producer, topic } = readers;
  const deadline = sharedNowMs() + JOIN_TIMEOUT_MS;
  for (;;) {
    await producer.run({ kind: 'produce', topics: [topic], records: PER_SECOND, size: SIZE, byTurns: PARTITIONS, perSecond: PER_SECOND });
    const arrivals = await report(readers);
    const members = new Set(arrivals.map(([member]) => member)).size;
    const partitions = new Set(arrivals.map(([, partition]) => partition)).size;
    if (members === PROCESSES * MEMBERS_EACH + 2 && partitions === PARTITIONS) return;
    if (sharedNowMs() > deadline) throw new Error(`after ${JOIN_TIMEOUT_MS} ms ${members} members read ${partitions} partitions`);
  }
}

async function join({ topic }: Readers, worker: Worker, members: number): Promise<void> {
  await worker.run({ kind: 'read-join', group: topic, topic, members });
}

/** From the first join until every member holds its share, which it only does once others have given it up. */
async function converge(context: BenchContext, { bootstrap }: Cluster, run: number): Promise<number> {
  const topic = await createTopic(bootstrap, MANY.partitions, 'async');
  const workers = await Promise.all(Array.from({ length: MANY.processes }, () => Worker.connect(bootstrap)));
  try {
    const startedAtMs = sharedNowMs();
    const members = MANY.members / MANY.processes;
    await Promise.all(workers.map((worker) => worker.run({ kind: 'stub-join', topic, members, groups: 1, prefix: topic })));
    for (;;) {
      const looks = await Promise.all(workers.map((worker) => worker.run({ kind: 'stub-look' })));
      const tookMs = Math.max(...looks.map(({ toldAtMs }) => toldAtMs)) - startedAtMs;
      if (looks.every(({ least, most }) => least === 1 && most === 1)) {
        context.say(`  run ${run}: ${MANY.members} members hold one partition each after ${numberText(tookMs)} ms`);
        return tookMs;
      }
      if (sharedNowMs() - startedAtMs > JOIN_TIMEOUT_MS) throw new Error(`after ${JOIN_TIMEOUT_MS} ms: ${JSON.stringify(looks)}`);
      await sleep(LOOK_MS);
    }
  } finally {
    for (const worker of workers) await worker.kill();
  }
}

async function setSession(bootstrap: string, group: string): Promise<void> {
  await using moldau = createMoldau({ bootstrap });
  const changes = [
    { name: 'session.timeout.ms', value: String(SESSION_TIMEOUT_MS) },
    { name: 'heartbeat.interval.ms', value: String(SESSION_TIMEOUT_MS / 4) },
  ];
  const [outcome] = await moldau.admin().alterConfigs([{ resource: { group }, changes }]);
  if (outcome?.error !== undefined) throw outcome.error;
}

function told({ moved, flowsAfterMs, gapsBefore, gapsAfter }: Movement): string {
  const pauses = (gaps: readonly number[]): string =>
    `p99 ${numberText(percentileOf(gaps, P99))}, longest ${numberText(Math.max(...gaps))} ms`;
  return `${moved} partitions flow again after ${numberText(flowsAfterMs)} ms; pauses of the others before ${pauses(gapsBefore)}, after ${pauses(gapsAfter)}`;
}

function figure(name: string, unit: string, values: readonly number[], goal?: Goal): Figure {
  return figureOf({ group: HEADING, name, unit }, values, goal);
}
