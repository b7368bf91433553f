import { assert, type EncodedRecord, type Instants, MoldauError } from '@moldau/kernel';
import type { ShardHandle, ShardMachine, ShardOutcome, ShardRunOptions } from '../shard-machine.ts';

export interface FakeShardOptions<Machine extends ShardMachine> {
  readonly machine: Machine;
  /** Default 0. */
  readonly index?: number;
  readonly now: () => Instants;
  /** Replayed before the machine begins. */
  readonly records?: readonly EncodedRecord[];
  /** Leaves it loading until `load`; default false. */
  readonly loading?: boolean;
}

/** Not committed yet. */
interface Waiting {
  readonly commit: () => void;
  readonly fail: (error: MoldauError) => void;
}

type State = 'loading' | 'active' | 'lost';

/** A shard without a log, for specs of those who run operations: it commits at once, or when told, and can be lost. */
export class FakeShard<Machine extends ShardMachine> implements ShardHandle<Machine> {
  readonly index: number;
  /** What was appended, committed or not. */
  readonly records: EncodedRecord[] = [];
  readonly #machine: Machine;
  readonly #now: () => Instants;
  readonly #waiting: Waiting[] = [];
  #state: State = 'loading';
  #held = false;

  constructor(options: FakeShardOptions<Machine>) {
    this.index = options.index ?? 0;
    this.#machine = options.machine;
    this.#now = options.now;
    this.records.push(...(options.records ?? []));
    if (options.loading !== true) this.load();
  }

  /** Replays the records and begins. */
  load(): void {
    assert(this.#state === 'loading', 'a shard is loaded once', { index: this.index });
    for (const record of this.records) this.#machine.replay(record);
    this.#machine.begin(this.#now());
    this.#state = 'active';
  }

  async run<Response>(
    operation: (machine: Machine, now: Instants) => ShardOutcome<Response>,
    _options: ShardRunOptions,
  ): Promise<Response> {
    if (this.#state !== 'active') throw notRun(this.#state, this.index);
    const { records, response, committed } = operation(this.#machine, this.#now());
    this.records.push(...records);
    return await new Promise((resolve, reject) => {
      const commit = (): void => {
        committed?.();
        resolve(response);
      };
      this.#waiting.push({ commit, fail: reject });
      if (!this.#held) this.commit();
    });
  }

  active(): Machine | undefined {
    return this.#state === 'active' ? this.#machine : undefined;
  }

  /** From now on nothing is committed until `commit` or `release`. */
  hold(): void {
    this.#held = true;
  }

  /** Commits the oldest `count` operations that wait, by default all. */
  commit(count = this.#waiting.length): void {
    for (const { commit } of this.#waiting.splice(0, count)) commit();
  }

  /** Commits what waits, and all that comes at once again. */
  release(): void {
    this.#held = false;
    this.commit();
  }

  /** Another owner has the shard: what waits is refused, by default as not done, and so is all that comes. */
  lose(reason: 'NOT_SHARD_OWNER' | 'REQUEST_TIMED_OUT' = 'NOT_SHARD_OWNER'): void {
    assert(this.#state !== 'lost', 'a shard is lost once', { index: this.index });
    this.#state = 'lost';
    for (const { fail } of this.#waiting.splice(0)) fail(new MoldauError(reason, `shard ${this.index} is lost`, facts(this.index)));
    this.#machine.close();
  }
}

function notRun(state: State, index: number): MoldauError {
  if (state === 'loading') return new MoldauError('COORDINATOR_LOADING', `shard ${index} is loading`, facts(index));
  return new MoldauError('NOT_SHARD_OWNER', `shard ${index} is lost`, facts(index));
}

function facts(index: number): Readonly<Record<string, string>> {
  return { shard: String(index) };
}
