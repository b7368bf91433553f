import { setTimeout as sleep } from 'node:timers/promises';
import { SeededRandom } from '@moldau/testkit';
import { type ConnectRig, type RigWorker, startRig } from '../fixture/connect-rig.ts';
import type { KillRun, KillSubject, OpenSubject } from './kill-subject.ts';

/** Of each run: kills, and what lies between them. */
const FAULTS = { min: 2, max: 4 } as const;
const PAUSE_MS = { min: 200, max: 3_000 } as const;
/** Longest time until all has arrived after the last fault. */
const SETTLE_MS = 90_000;
const POLL_MS = 500;
const WORKERS = ['one', 'two'] as const;

export interface KillResult {
  readonly runs: number;
  readonly faults: number;
  readonly records: number;
  /** Empty: everything arrived once in each run. */
  readonly findings: readonly string[];
  /** Why the next run could not be finished, so nothing is known of it: a process did not start in time. */
  readonly unfinished?: string;
}

export interface KillOptions {
  readonly runs: number;
  readonly seed: number;
  /** Given each line of progress. */
  say(line: string): void;
}

/** Runs a subject again and again on one broker and two workers, with kills of all of them. */
export async function runSubject(subject: KillSubject, { runs, seed, say }: KillOptions): Promise<KillResult> {
  await using rig = await startRig();
  await using open = await subject.open(rig);
  const workers = new Map<string, RigWorker>();
  for (const name of WORKERS) workers.set(name, await rig.startWorker(name));
  const findings: string[] = [];
  let [faults, records] = [0, 0];
  for (let index = 0; index < runs; index++) {
    const hurting = new Hurting(rig, open, workers, new SeededRandom(seed + index));
    const run = await open.prepare(`${subject.name}-${seed + index}`);
    const result = await oneRun(run, hurting).catch((error: unknown) => (error instanceof Error ? error : new Error(String(error))));
    if (result instanceof Error) return { runs: index, faults, records, findings, unfinished: `seed ${seed + index}: ${result.message}` };
    faults += hurting.done.length;
    records += result.records;
    findings.push(...result.findings.map((finding) => `seed ${seed + index} (${hurting.done.join(', ')}): ${finding}`));
    say(
      `${subject.name} ${index + 1}/${runs}: ${hurting.done.join(', ')}; ${result.records} records; ${result.findings.join('; ') || 'equal'}`,
    );
    if (result.findings.length > 0) return { runs: index + 1, faults, records, findings };
  }
  return { runs, faults, records, findings };
}

async function oneRun(run: KillRun, hurting: Hurting): Promise<{ readonly records: number; readonly findings: readonly string[] }> {
  for (const { name, config } of run.connectors) await hurting.rest.apply(name, config);
  const feeding = new AbortController();
  const fed = run.feed(feeding.signal);
  await hurting.hurt();
  feeding.abort();
  const records = await fed;
  const deadline = performance.now() + SETTLE_MS;
  let findings = await run.findings();
  while (findings.length > 0 && performance.now() < deadline) {
    await sleep(POLL_MS);
    findings = await run.findings();
  }
  // What comes twice may come late.
  if (findings.length === 0) {
    await sleep(POLL_MS);
    findings = await run.findings();
  }
  for (const { name } of run.connectors) await hurting.rest.patiently('DELETE', `/connectors/${name}`);
  return { records, findings };
}

/** Kills in an order that follows from the seed. */
class Hurting {
  readonly done: string[] = [];
  readonly #rig: ConnectRig;
  readonly #open: OpenSubject;
  readonly #workers: Map<string, RigWorker>;
  readonly #random: SeededRandom;

  constructor(rig: ConnectRig, open: OpenSubject, workers: Map<string, RigWorker>, random: SeededRandom) {
    this.#rig = rig;
    this.#open = open;
    this.#workers = workers;
    this.#random = random;
  }

  get rest(): RigWorker['rest'] {
    const [worker] = this.#workers.values();
    if (worker === undefined) throw new Error('a rig has workers');
    return worker.rest;
  }

  async hurt(): Promise<void> {
    const own = (this.#open.faults ?? []).map(({ name, hurt }) => ({ name, hurt: () => hurt() }));
    const all = [
      ...WORKERS.map((name) => ({ name: `worker ${name}`, hurt: () => this.#killWorker(name) })),
      { name: 'broker', hurt: () => this.#rig.bounceBroker() },
      ...own,
    ];
    const count = this.#random.between(FAULTS.min, FAULTS.max);
    for (let index = 0; index < count; index++) {
      await sleep(this.#random.between(PAUSE_MS.min, PAUSE_MS.max));
      const fault = this.#random.pick(all);
      await fault.hurt();
      this.done.push(fault.name);
    }
    await sleep(this.#random.between(PAUSE_MS.min, PAUSE_MS.max));
  }

  async #killWorker(name: string): Promise<void> {
    await this.#workers.get(name)?.kill();
    this.#workers.set(name, await this.#rig.startWorker(name));
  }
}
