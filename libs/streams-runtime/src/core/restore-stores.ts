import type { Moldau } from '@moldau/client';
import type { Scheduler } from '@moldau/kernel';
import type { StreamTask, SubTopology, TaskPosition, TaskState, TopologyPlan } from '@moldau/streams';

/** State is kept so often while it is restored, in records: a restore that is cut off goes on from there. */
export const PERSIST_RECORDS = 100_000;
/** Transactions of whoever had the task before end within their timeout; asked for so often, ms. */
const STABLE_WAIT_MS = 50;

export interface RestoreOptions {
  readonly moldau: Moldau;
  readonly scheduler: Scheduler;
  readonly plan: TopologyPlan;
  readonly subTopology: SubTopology;
  readonly partition: number;
  readonly task: StreamTask;
  readonly state: TaskState;
  readonly committed: readonly TaskPosition[];
  /** By store: offset of the changelog record that comes next, kept up to date; where none is, the checkpoint counts. */
  readonly positions: Map<string, number>;
  readonly isolation: 'read_committed' | 'read_uncommitted';
  readonly signal: AbortSignal;
  restored(records: number): void;
}

interface RestoredStore {
  readonly name: string;
  readonly topic: string;
  readonly from: number | undefined;
  readonly end: number;
}

/** Brings the stores of a task up to date from their changelogs; `positions` are those of the changelog records that come next then. */
export async function restoreStores(options: RestoreOptions): Promise<void> {
  const stores = await storesToRestore(options);
  const open = stores.filter(({ from, end }) => (from ?? 0) < end);
  if (open.length > 0) await readAll(options, open);
  options.signal.throwIfAborted();
  for (const { name, end } of stores) options.positions.set(name, end);
  options.state.persist(options.positions);
}

async function storesToRestore(options: RestoreOptions): Promise<readonly RestoredStore[]> {
  const { subTopology, plan, state, committed, positions } = options;
  const stores: RestoredStore[] = [];
  for (const { name, log } of subTopology.stores) {
    if (log.kind === 'none') continue;
    const from = positions.get(name) ?? state.checkpoint(name);
    if (log.kind === 'topic') {
      // The topic holds more than the task has seen.
      const end = committed.find(({ topic }) => topic === log.topic)?.offset ?? 0;
      stores.push({ name, topic: log.topic, from, end });
    } else {
      const topic = plan.changelogName(name);
      stores.push({ name, topic, from, end: await stableEnd(options, topic) });
    }
  }
  return stores;
}

/** The end of a changelog, once no transaction is open below it: what the task's last owner committed is all there then. */
async function stableEnd({ moldau, scheduler, partition, isolation, signal }: RestoreOptions, topic: string): Promise<number> {
  const question = [{ topic, partition, position: 'latest' as const }];
  const [end] = await moldau.admin().listOffsets(question, { signal });
  if (end?.error !== undefined) throw end.error;
  for (;;) {
    const [stable] = await moldau.admin().listOffsets(question, { isolation, signal });
    if (stable?.error !== undefined) throw stable.error;
    if ((stable?.offset ?? 0) >= (end?.offset ?? 0)) return end?.offset ?? 0;
    await new Promise<void>((resolve) => scheduler.after(STABLE_WAIT_MS, resolve));
    signal.throwIfAborted();
  }
}

async function readAll(
  { moldau, partition, task, state, positions, isolation, signal, restored }: RestoreOptions,
  open: readonly RestoredStore[],
): Promise<void> {
  const byTopic = Map.groupBy(open, ({ topic }) => topic);
  const assignment = [...byTopic].map(([topic, stores]) => {
    const from = Math.min(...stores.map((store) => store.from ?? 0));
    return { topic, partition, from: from === 0 ? ('earliest' as const) : { offset: from } };
  });
  await using consumer = moldau.consumer({ assignment, isolation, onOutOfRange: 'earliest', stopAtEnd: true, signal });
  let unkept = 0;
  for await (const batch of consumer.batches()) {
    const stores = byTopic.get(batch.topic) ?? [];
    for (const { offset, key, value, timestampMs } of batch) {
      if (key === null) continue;
      for (const { name, from, end } of stores) if (offset >= (from ?? 0) && offset < end) task.restore(name, key, value, timestampMs);
    }
    for (const { name, end } of stores) positions.set(name, Math.min(batch.lastOffset + 1, end));
    restored(batch.count);
    unkept += batch.count;
    if (unkept < PERSIST_RECORDS) continue;
    unkept = 0;
    state.persist(positions);
  }
}
