import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serdes } from '@moldau/client/serdes';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { memoryStores } from '../stores/memory-stores.ts';
import type { KeyValueStore, SessionStore, WindowStore } from '../stores/store.ts';
import type { StoreFactory } from '../stores/store-factory.ts';
import { encodeSessionKey, encodeWindowKey } from '../stores/store-keys.ts';
import { keyValueStore, type StoreSpec, sessionStore, windowStore } from '../stores/store-spec.ts';
import type { TaskState } from '../stores/task-state.ts';
import { openDiskTaskState } from './disk-task-state.ts';

/** Some scripts stay below it, some outgrow it. */
const MIRROR_ENTRIES = 6;
const TEXT = { key: serdes.string, value: serdes.string };
const KV = keyValueStore({ name: 'Values.of-keys', ...TEXT }).spec as StoreSpec<string, string>;
const WINDOWS = windowStore({ name: 'windows', ...TEXT, retentionMs: 40 }).spec as StoreSpec<string, string>;
const SESSIONS = sessionStore({ name: 'sessions', ...TEXT, retentionMs: 40 }).spec as StoreSpec<string, string>;

interface Stores {
  readonly kv: KeyValueStore<string, string>;
  readonly windows: WindowStore<string, string>;
  readonly sessions: SessionStore<string, string>;
}

type Operation = (stores: Stores) => void;
type Step = { readonly kind: 'operation'; readonly run: Operation } | { readonly kind: 'persist' | 'crash' | 'reopen' };

const keys = fc.constantFrom('', 'a', 'aa', 'b', 'ü', 'z');
const values = fc.option(fc.string({ maxLength: 4 }), { nil: null, freq: 4 });
const times = fc.integer({ min: 0, max: 60 });

const operations: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.tuple(keys, values, times).map(
      ([k, v, t]): Operation =>
        ({ kv }) =>
          kv.put(k, v, t),
    ),
  },
  {
    weight: 4,
    arbitrary: fc.tuple(keys, values, times, times).map(
      ([k, v, s, t]): Operation =>
        ({ windows }) =>
          windows.put(k, s, v, t),
    ),
  },
  {
    weight: 4,
    arbitrary: fc.tuple(keys, values, times).map(
      ([k, v, s]): Operation =>
        ({ sessions }) =>
          sessions.put(k, s, s + 3, v),
    ),
  },
  fc.tuple(keys, values, times).map(
    ([k, v, t]): Operation =>
      ({ kv, windows, sessions }) => {
        const [key, value] = [Buffer.from(k), v === null ? null : Buffer.from(v)];
        kv.restore(key, value, t);
        windows.restore(encodeWindowKey(key, t), value, t);
        sessions.restore(encodeSessionKey(key, t, t + 3), value, t);
      },
  ),
  times.map(
    (before): Operation =>
      ({ windows, sessions }) => {
        windows.expire(before);
        sessions.expire(before);
      },
  ),
  fc.constant<Operation>(({ kv, windows, sessions }) => {
    for (const store of [kv, windows, sessions]) store.flush();
  }),
);

const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 20, arbitrary: operations.map((run): Step => ({ kind: 'operation', run })) },
  { weight: 2, arbitrary: fc.constant<Step>({ kind: 'persist' }) },
  { weight: 1, arbitrary: fc.constant<Step>({ kind: 'crash' }) },
  { weight: 1, arbitrary: fc.constant<Step>({ kind: 'reopen' }) },
);

function storesOf(factory: StoreFactory): Stores {
  return { kv: factory.keyValue(KV), windows: factory.window(WINDOWS), sessions: factory.session(SESSIONS) };
}

/** All that can be asked, in an order of its own where the port promises none. */
function contents({ kv, windows, sessions }: Stores): unknown {
  const all = ['', 'a', 'aa', 'b', 'ü', 'z'];
  const plain = (entry: { readonly value: string; readonly timestampMs: number } | null): unknown =>
    entry === null ? null : [entry.value, entry.timestampMs];
  const sorted = (rows: readonly (readonly unknown[])[]): unknown => rows.map((row) => JSON.stringify(row)).sort();
  return {
    got: all.map((key) => [kv.get(key), plain(kv.getEntry(key))]),
    range: [...kv.range('a', 'ü')].map(([key, entry]) => [key, plain(entry)]),
    entries: sorted([...kv.entries()].map(([key, entry]) => [key, plain(entry)])),
    windows: all.map((key) => windows.fetch(key, 7, 50).map((entry) => [entry.key, entry.startMs, plain(entry)])),
    one: all.map((key) => [windows.get(key, 20), plain(windows.getEntry(key, 20))]),
    everyWindow: sorted(windows.fetchAll(Number.NEGATIVE_INFINITY, 55).map((entry) => [entry.key, entry.startMs, plain(entry)])),
    starts: windows.fetchAll(5, Number.POSITIVE_INFINITY).map(({ startMs }) => startMs),
    first: windows.firstStartMs(),
    sessions: all.map((key) => sessions.find(key, 10, 40).map(({ startMs, endMs, value }) => [startMs, endMs, value])),
    everySession: sorted(sessions.fetchAll(0, 100).map((entry) => [entry.key, entry.startMs, entry.endMs, entry.value])),
    ends: sessions.fetchAll(0, 100).map(({ endMs }) => endMs),
  };
}

/** The model: state in memory, made anew from the operations up to the last commit. */
class Model {
  #committed: Operation[] = [];
  #since: Operation[] = [];
  stores = storesOf(memoryStores);

  run(operation: Operation): void {
    this.#since.push(operation);
    operation(this.stores);
  }

  /** Offset of the checkpoint: how many operations were committed. */
  persist(): number {
    this.#committed = [...this.#committed, ...this.#since];
    this.#since = [];
    return this.#committed.length;
  }

  lose(): number {
    this.#since = [];
    this.stores = storesOf(memoryStores);
    for (const operation of this.#committed) operation(this.stores);
    return this.#committed.length;
  }
}

/** The state on disk, and what the world does to it. */
class Subject {
  readonly #root = mkdtempSync(join(tmpdir(), 'moldau-state-'));
  #lives = 0;
  #state: TaskState;
  stores: Stores;

  constructor() {
    [this.#state, this.stores] = this.#open();
  }

  get checkpoint(): number {
    return this.#state.checkpoint(KV.name) ?? 0;
  }

  persist(offset: number): void {
    this.#state.persist(new Map([KV, WINDOWS, SESSIONS].map(({ name }) => [name, offset])));
  }

  reopen(): void {
    this.#state.close();
    [this.#state, this.stores] = this.#open();
  }

  /** What the disk holds at this moment is all that is left. */
  crash(): void {
    const from = this.#directory();
    this.#lives++;
    cpSync(from, this.#directory(), { recursive: true });
    this.#state.close();
    [this.#state, this.stores] = this.#open();
  }

  end(): void {
    this.#state.close();
    rmSync(this.#root, { recursive: true });
  }

  #directory(): string {
    return join(this.#root, String(this.#lives));
  }

  #open(): [TaskState, Stores] {
    const { state } = openDiskTaskState({ directory: this.#directory(), cacheBytes: 64 * 1024, mirrorEntries: MIRROR_ENTRIES });
    return [state, storesOf(state.stores)];
  }
}

function check(script: readonly Step[]): void {
  const [model, subject] = [new Model(), new Subject()];
  try {
    for (const step of script) {
      if (step.kind === 'operation') {
        model.run(step.run);
        step.run(subject.stores);
      } else if (step.kind === 'persist') subject.persist(model.persist());
      else {
        if (step.kind === 'crash') subject.crash();
        else subject.reopen();
        expect(subject.checkpoint).toBe(model.lose());
      }
      expect(contents(subject.stores)).toEqual(contents(model.stores));
    }
  } finally {
    subject.end();
  }
}

describe('state on disk', () => {
  it('is what state in memory is after any operations, and after a crash what it was at the last commit', () => {
    fc.assert(fc.property(fc.array(steps, { maxLength: 60 }), check), { numRuns: 60 });
  });
});

describe('the directory of a task', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'moldau-state-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it('is refused while another has it open', () => {
    const { state } = openDiskTaskState({ directory });
    expect(() => openDiskTaskState({ directory })).toThrow(`the state in ${directory} is in use by another task or process`);
    state.close();
    openDiskTaskState({ directory }).state.close();
  });

  it('begins anew when its files are damaged', () => {
    writeFileSync(join(directory, 'state.db'), Buffer.alloc(8_192, 'x'));
    const { state, discarded } = openDiskTaskState({ directory });
    expect([discarded, state.checkpoint(KV.name)]).toEqual([true, undefined]);
    state.stores.keyValue(KV).put('a', '1', 1);
    state.persist(new Map([[KV.name, 1]]));
    state.close();
    const again = openDiskTaskState({ directory });
    expect([again.discarded, again.state.checkpoint(KV.name)]).toEqual([false, 1]);
    again.state.close();
  });

  it('begins a store anew that became one of another kind', () => {
    const first = openDiskTaskState({ directory }).state;
    first.stores.keyValue(KV).put('a', '1', 1);
    first.persist(new Map([[KV.name, 7]]));
    first.close();
    const second = openDiskTaskState({ directory }).state;
    const store = second.stores.window({ ...KV, kind: 'window', retentionMs: 10 });
    expect([store.fetchAll(0, 100), second.checkpoint(KV.name)]).toEqual([[], undefined]);
    second.close();
  });

  it('holds more than its memory, and reads it while it is changed', () => {
    const { state } = openDiskTaskState({ directory, cacheBytes: 64 * 1024 });
    const store = state.stores.keyValue(KV);
    for (let index = 0; index < 5_000; index++) store.put(`key-${index}`, 'x'.repeat(200), index);
    state.persist(new Map([[KV.name, 5_000]]));
    for (const [key, { timestampMs }] of store.entries()) store.put(key, `${timestampMs}`, timestampMs);
    expect([...store.entries()].filter(([key, { value }]) => key === `key-${value}`)).toHaveLength(5_000);
    state.close();
  });
});
