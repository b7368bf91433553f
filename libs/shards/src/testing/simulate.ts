import { MoldauError, type Offset, type Random, silentMeter } from '@moldau/kernel';
import { countAt } from '@moldau/records';
import { SeededRandom, type SimProcess, SimScheduler } from '@moldau/testkit';
import type { ShardLog } from '../shard-log.ts';
import { ShardMetrics } from '../shard-metrics.ts';
import { ShardRuntime } from '../shard-runtime.ts';
import { ModelLog, PLANTED_LOG_BUGS, type PlantedLogBug } from './model-log.ts';
import { Tally } from './tally.ts';

/** What a broken owner would do, as its log sees it. */
export const PLANTED_OWNER_BUGS = ['conflict taken for done', 'sent behind the new end', 'no rounds', 'short load'] as const;
export type PlantedBug = PlantedLogBug | (typeof PLANTED_OWNER_BUGS)[number];
export const PLANTED_BUGS: readonly PlantedBug[] = [...PLANTED_LOG_BUGS, ...PLANTED_OWNER_BUGS];

interface Owner {
  readonly process: SimProcess;
  runtime: ShardRuntime<Tally> | undefined;
  /** The last runtime's epoch. */
  epoch: number;
}

const OWNERS = 3;
const METRICS = new ShardMetrics(silentMeter, 'groups');
const LIMITS = { appendTimeoutMs: 100, loadStepRecords: 8 };

/** Owners that replace each other, are paused and woken, over a log that loses answers and leaders; then what clients were told is checked. */
export class Simulation {
  readonly #random: Random;
  readonly #scheduler: SimScheduler;
  readonly #bug: PlantedBug | undefined;
  readonly #log: ModelLog;
  readonly #owners: readonly Owner[];
  readonly #acknowledged = new Set<string>();
  readonly #refused = new Set<string>();
  readonly #samples: (readonly string[])[] = [];
  #violation: string | undefined;
  #epoch = 0;
  #owner = 0;
  #operations = 0;
  acknowledgements = 0;

  constructor(seed: number, bug?: PlantedBug) {
    this.#random = new SeededRandom(seed);
    this.#scheduler = new SimScheduler({ random: new SeededRandom(seed + 1) });
    this.#bug = bug;
    const logBug = PLANTED_LOG_BUGS.find((name) => name === bug);
    this.#log = new ModelLog({ scheduler: this.#scheduler, random: this.#random, ...(logBug === undefined ? {} : { bug: logBug }) });
    this.#owners = Array.from({ length: OWNERS }, () => ({ process: this.#scheduler.createProcess(), runtime: undefined, epoch: 0 }));
  }

  /** @throws Error with what was promised and not kept */
  async run(steps: number): Promise<void> {
    this.#assign(0);
    for (let step = 0; step < steps; step += 1) {
      this.#act();
      await this.#scheduler.runFor(this.#random.below(20));
    }
    await this.#calm();
  }

  #act(): void {
    const dice = this.#random.below(100);
    if (dice < 3) this.#assign(this.#random.below(OWNERS));
    else if (dice < 6) this.#log.changeLeader();
    else if (dice < 9) this.#pauseOne();
    else if (dice < 70) this.#operate(this.#random.fraction() < 0.7 ? 'add' : 'read');
    this.#restart();
  }

  /** A new owner, or the same in another life; the former one does not know yet. */
  #assign(index: number): void {
    this.#epoch += 1;
    this.#owner = index;
    const owner = this.#owners[index]!;
    owner.runtime?.close();
    owner.process.resume();
    this.#start(owner, this.#epoch);
  }

  #start(owner: Owner, epoch: number): void {
    const { clock, scheduler } = owner.process;
    owner.epoch = epoch;
    owner.runtime = new ShardRuntime(
      { clock, scheduler, log: this.#logOf(owner), newMachine: () => new Tally(), metrics: METRICS },
      { index: 0, shardEpoch: epoch, limits: LIMITS },
    );
    owner.runtime.start();
  }

  /** One that lost the shard although the metadata names it, or gives it back, claims it again in its epoch. */
  #restart(): void {
    const owner = this.#owners[this.#owner]!;
    if (this.#random.fraction() < 0.01) owner.runtime?.close();
    if (owner.runtime?.kind === 'lost' || owner.runtime?.kind === 'closed') this.#start(owner, owner.epoch);
  }

  #pauseOne(): void {
    const { process } = this.#owners[this.#random.below(OWNERS)]!;
    process.pause();
    this.#scheduler.after(this.#random.below(400), () => process.resume());
  }

  #operate(kind: 'add' | 'read'): void {
    // Callers may ask a former owner too.
    const owner = this.#owners[this.#random.fraction() < 0.7 ? this.#owner : this.#random.below(OWNERS)]!;
    this.#operations += 1;
    const name = `${kind}-${this.#operations}`;
    const before = [...this.#acknowledged];
    const active = owner.runtime?.active();
    if (this.#bug === 'no rounds' && kind === 'read' && active !== undefined) {
      this.#answered(kind, name, active.read().response, before);
      return;
    }
    const answered = owner.runtime?.run((tally) => (kind === 'add' ? tally.add(name) : tally.read()), { timeoutMs: 300 });
    answered?.then(
      (seen) => this.#answered(kind, name, seen, before),
      (caught: unknown) => {
        if (MoldauError.from(caught).certainty === 'definite') this.#refused.add(name);
      },
    );
  }

  #answered(kind: 'add' | 'read', name: string, seen: readonly string[], before: readonly string[]): void {
    this.acknowledgements += 1;
    const there = new Set(seen);
    for (const earlier of before) if (!there.has(earlier)) this.#broken(`${name} did not see ${earlier}, acknowledged before it was asked`);
    if (kind === 'add') this.#acknowledged.add(name);
    if (seen.some((other) => this.#refused.has(other))) this.#broken(`${name} saw what was refused`);
    this.#samples.push(seen);
  }

  #broken(what: string): void {
    this.#violation ??= what;
  }

  /** Faults end; the owner serves; everything that was promised must be in the log, once. */
  async #calm(): Promise<void> {
    this.#log.isFaulty = false;
    for (const { process } of this.#owners) process.resume();
    await this.#scheduler.runFor(2_000);
    this.#assign(this.#owner);
    await this.#scheduler.runFor(10_000);
    const runtime = this.#owners[this.#owner]?.runtime;
    if (runtime?.kind !== 'active') throw new Error(`the last owner is ${runtime?.kind}, with nothing in its way`);
    const names = this.#log.records().map(({ key }) => Buffer.from(key).toString());
    const logged = new Set(names);
    if (logged.size !== names.length) this.#broken(`${names.length - logged.size} records are in the log twice`);
    for (const name of this.#acknowledged) if (!logged.has(name)) this.#broken(`${name} was acknowledged and is lost`);
    for (const name of this.#refused) if (logged.has(name)) this.#broken(`${name} was refused for certain and is in the log`);
    const loaded = runtime.active()?.order ?? [];
    if (loaded.join() !== names.join()) this.#broken('the loaded state is not that of the log');
    for (const seen of this.#samples)
      if (seen.some((name, at) => names[at] !== name)) this.#broken('a response was of a state that never was');
    if (this.#violation !== undefined) throw new Error(this.#violation);
  }

  #logOf(owner: Owner): ShardLog {
    const log = onProcess(this.#log.client(), owner.process);
    return this.#bug === undefined ? log : withOwnerBug(log, this.#bug);
  }
}

/** Answers come to a process only in its own turns. */
function onProcess(log: ShardLog, { scheduler }: SimProcess): ShardLog {
  const arrive = (): Promise<void> => new Promise((resolve) => scheduler.nextTurn(resolve));
  return {
    async append(append) {
      return await log.append(append).finally(arrive);
    },
    async *read(from, until) {
      for await (const chunk of log.read(from, until)) {
        await arrive();
        yield chunk;
      }
    },
  };
}

function withOwnerBug(log: ShardLog, bug: PlantedBug): ShardLog {
  return {
    read: (from, until) => log.read(from, until),
    async append(append) {
      const expected = append.expectedEndOffset;
      const records = append.recordBatch.length === 0 ? 1 : countAt(append.recordBatch, 0);
      try {
        const appended = await log.append(append);
        const isShort = bug === 'short load' && expected === undefined && appended.baseOffset > 0;
        return isShort ? { ...appended, baseOffset: (appended.baseOffset - 1) as Offset } : appended;
      } catch (caught) {
        const error = MoldauError.from(caught);
        if (error.reason !== 'APPEND_CONFLICT' || expected === undefined) throw error;
        const end = Number(error.facts['end_offset']) as Offset;
        if (bug === 'conflict taken for done' && end === expected + records) return { baseOffset: expected, endOffset: end };
        if (bug === 'sent behind the new end') {
          await log.append({ ...append, expectedEndOffset: end });
          throw new MoldauError('LEADER_CHANGED_AFTER_APPEND', 'the owner asks where the log ends and goes on there');
        }
        throw error;
      }
    },
  };
}
