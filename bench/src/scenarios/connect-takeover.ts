import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createMoldau } from '@moldau/client';
import { scratchDirectory, spawnStandalone } from '@moldau/harness';
import { bundledWorker } from '../connect/bundled-worker.ts';
import { type LineArrivals, watchArrivals } from '../connect/line-arrivals.ts';
import { type BenchWorker, startWorker } from '../connect/worker.ts';
import { cpuSecondsOf, residentMiBOf } from '../measure/process-usage.ts';
import { percentileOf, spreadOf } from '../measure/statistics.ts';
import { type Figure, figureOf, type Goal } from '../report/figure.ts';
import { numberText } from '../report/number-text.ts';
import type { Scenario } from './scenario.ts';

const GROUP = '200 connectors of a task each, on two workers';
const CONNECTORS = 200;
const CONNECTORS_MIN = 10;
/** Each file gets a line this often. */
const LINE_MS = 1_000;
const CALM_MS = 5_000;
const IDLE_MS = 10_000;
const START_TIMEOUT_MS = 300_000;
const RESUME_TIMEOUT_MS = 120_000;
const POLL_MS = 500;
const AT_ONCE = 8;
const P99 = 99;
const GOALS = { resumeMs: 10_000, idlePercent: 10 } as const;

interface Rig {
  /** Where each connector's file is. */
  readonly folder: string;
  /** Of connectors, of their topics and of their files. */
  readonly names: readonly string[];
  readonly arrivals: LineArrivals;
}

/** What one run saw; times in ms. */
interface Takeover {
  /** For each task of the killed worker, until a line of its file came again. */
  readonly resumed: readonly number[];
  /** For each other task, the longest time without a line. */
  readonly gaps: readonly number[];
  readonly idlePercent: number;
  readonly residentMiB: number;
}

/** A worker with a hundred tasks is killed; the other takes them over. */
export const connectTakeover: Scenario = {
  name: 'connect-takeover',
  description: 'one of two workers with 200 connectors is killed: when its tasks go on, and what the others notice',
  async run(context) {
    using scratch = scratchDirectory('bench-takeover');
    await using standalone = await spawnStandalone();
    await using moldau = createMoldau({ bootstrap: standalone.address });
    const count = Math.max(CONNECTORS_MIN, Math.round(CONNECTORS * context.scale));
    const names = Array.from({ length: count }, (_none, index) => `lines-${index}`);
    for (const name of names) writeFileSync(join(scratch.path, name), '');
    // A topic each: a transaction that a killed task left open holds nobody up but its own successor.
    await moldau.admin().createTopics(names.map((name) => ({ name, partitions: 1 })));
    await using arrivals = watchArrivals(moldau, names);
    const rig: Rig = { folder: scratch.path, names, arrivals };
    const main = bundledWorker();
    const staying = await startWorker(standalone.address, 'worker-0', main);
    try {
      const runs: Takeover[] = [];
      for (let run = 1; run <= context.runs; run++) {
        const mortal = await startWorker(standalone.address, `worker-${run}`, main);
        if (run === 1) await createConnectors(rig, staying);
        runs.push(await takeover(rig, staying, mortal));
        context.say(`  run ${run}: ${told(runs.at(-1))}`);
      }
      return figuresOf(runs);
    } finally {
      await staying[Symbol.asyncDispose]();
    }
  },
};

function figuresOf(runs: readonly Takeover[]): readonly Figure[] {
  const figure = (name: string, unit: string, of: (run: Takeover) => number, goal?: Goal): Figure =>
    figureOf({ group: GROUP, name, unit }, spreadOf(runs.map(of)), goal);
  return [
    figure('a worker is killed: until the last of its tasks goes on', 'ms', ({ resumed }) => Math.max(...resumed), {
      kind: 'at most',
      value: GOALS.resumeMs,
    }),
    figure('until half of them go on', 'ms', ({ resumed }) => spreadOf(resumed).median),
    figure(`the other tasks, of a line each ${LINE_MS} ms: longest time without one, p99`, 'ms', ({ gaps }) => percentileOf(gaps, P99)),
    figure('CPU of a worker whose tasks have nothing to do', '% of a core', ({ idlePercent }) => idlePercent, {
      kind: 'at most',
      value: GOALS.idlePercent,
    }),
    figure('memory of a worker with half of the tasks', 'MiB', ({ residentMiB }) => residentMiB),
  ];
}

function told(run: Takeover | undefined): string {
  if (run === undefined) return 'nothing';
  const { resumed, gaps, idlePercent, residentMiB } = run;
  const half = numberText(spreadOf(resumed).median);
  const last = numberText(Math.max(...resumed));
  return `${resumed.length} tasks go on, half after ${half} ms, the last after ${last} ms; others wait ${numberText(Math.max(...gaps))} ms at most; idle ${numberText(idlePercent)} %, ${residentMiB} MiB`;
}

async function createConnectors({ folder, names }: Rig, worker: BenchWorker): Promise<void> {
  const left = [...names];
  const create = async (): Promise<void> => {
    for (let name = left.pop(); name !== undefined; name = left.pop()) {
      await worker.call('PUT', `/connectors/${name}/config`, { 'connector.class': 'FileSource', file: join(folder, name), topic: name });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, create));
}

async function takeover(rig: Rig, staying: BenchWorker, mortal: BenchWorker): Promise<Takeover> {
  const { names, arrivals } = rig;
  const owners = await untilShared(rig, staying);
  const idlePercent = await idle([staying, mortal]);
  const residentMiB = Math.max(...[staying, mortal].map(({ pid }) => residentMiBOf(pid) ?? 0));
  using _lines = writeLines(rig);
  await sleep(CALM_MS);
  const killedAt = performance.now();
  await mortal.kill();
  const moved = names.filter((name) => owners.get(name) === mortal.name);
  const others = names.filter((name) => owners.get(name) === staying.name);
  const deadline = killedAt + RESUME_TIMEOUT_MS;
  // What was on its way when the worker died comes at once; a line that was written later proves that its task is back.
  const resumedAt = (name: string): number | undefined => arrivals.of(name).find((time) => time > killedAt + LINE_MS);
  while (moved.some((name) => resumedAt(name) === undefined)) {
    if (performance.now() > deadline) throw new Error(`not all of ${moved.length} tasks went on within ${RESUME_TIMEOUT_MS} ms`);
    await sleep(POLL_MS);
  }
  return {
    resumed: moved.map((name) => (resumedAt(name) ?? Number.NaN) - killedAt),
    gaps: others.map((name) => longestGap(arrivals.of(name).filter((time) => time > killedAt - CALM_MS / 2))),
    idlePercent,
    residentMiB,
  };
}

function longestGap(times: readonly number[]): number {
  return Math.max(...times.slice(1).map((time, index) => time - (times[index] ?? time)), 0);
}

/** Waits until all tasks run, on both; answers with who runs which. */
async function untilShared({ names }: Rig, staying: BenchWorker): Promise<ReadonlyMap<string, string>> {
  const deadline = performance.now() + START_TIMEOUT_MS;
  for (;;) {
    const statuses = (await staying.call('GET', '/connectors?expand=status')) as Readonly<Record<string, ConnectorStatus>>;
    const running = names.map((name) => [name, runsOn(statuses[name])] as const);
    const workers = new Set(running.map(([, worker]) => worker));
    if (workers.size === 2 && !workers.has('')) return new Map(running);
    if (performance.now() > deadline) {
      const missing = running.filter(([, worker]) => worker === '').length;
      throw new Error(`${missing} of ${names.length} tasks do not run after ${START_TIMEOUT_MS} ms, on ${workers.size} workers`);
    }
    await sleep(POLL_MS);
  }
}

interface ConnectorStatus {
  readonly status: { readonly tasks: readonly { readonly state: string; readonly worker_id: string }[] };
}

function runsOn(status: ConnectorStatus | undefined): string {
  const task = status?.status.tasks[0];
  return task?.state === 'RUNNING' ? task.worker_id : '';
}

/** CPU of the busier one, in percent of a core. */
async function idle(workers: readonly BenchWorker[]): Promise<number> {
  // What has just started settles first.
  await sleep(CALM_MS);
  const used = (): readonly number[] => workers.map(({ pid }) => cpuSecondsOf(pid) ?? Number.NaN);
  const before = used();
  await sleep(IDLE_MS);
  const shares = used().map((seconds, index) => ((seconds - (before[index] ?? 0)) / IDLE_MS) * 1000 * 100);
  return Math.max(...shares);
}

/** Lines for all files, spread over time, until disposed. */
function writeLines({ folder, names }: Rig): Disposable {
  let next = 0;
  const timer = setInterval(
    () => {
      const name = names[next++ % names.length] ?? '';
      appendFileSync(join(folder, name), `line ${next}\n`);
    },
    Math.max(1, Math.floor(LINE_MS / names.length)),
  );
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
