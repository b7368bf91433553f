import type { Consumer, ConsumerBatch } from '@moldau/client';
import type { TaskPosition } from '@moldau/streams';
import { PERSIST_RECORDS, type RestoreOptions } from './restore-stores.ts';

/** How often is asked how far a task has come in a topic that is itself the changelog of a store, ms. */
const COMMITTED_POLL_MS = 1_000;

export interface FollowOptions extends Omit<RestoreOptions, 'committed'> {
  /** What the task's owner has committed. */
  committed(): Promise<readonly TaskPosition[]>;
}

interface FollowedStore {
  readonly name: string;
  readonly topic: string;
  readonly from: number;
}

/** A changelog is followed to its end; a topic of the application only as far as the task has come in it. */
type Bound = 'end' | 'committed';

/** Keeps the stores of a task that somebody else runs up to date from their changelogs, until `signal` is aborted. */
export class StoreFollower {
  readonly #options: FollowOptions;
  /** Of each kind of log a consumer, so that one that waits does not hold up the other. */
  readonly #reading: { readonly consumer: Consumer; readonly stores: readonly FollowedStore[]; waiting: boolean }[] = [];
  #unkept = 0;

  constructor(options: FollowOptions) {
    this.#options = options;
  }

  /** Changelog records that the stores lack; undefined while that is not known. */
  get lag(): number | undefined {
    let lag = 0;
    for (const { consumer, stores, waiting } of this.#reading) {
      if (waiting) continue;
      for (const topic of new Set(stores.map((store) => store.topic))) {
        const behind = consumer.lag({ topic, partition: this.#options.partition });
        if (behind === undefined) return undefined;
        lag += behind;
      }
    }
    return this.#reading.length === 0 ? undefined : lag;
  }

  /** Resolves when `signal` is aborted; then the stores are not touched any more. @throws MoldauError what reading fails with */
  async run(): Promise<void> {
    const { subTopology, plan, state, positions } = this.#options;
    const kinds: Record<Bound, FollowedStore[]> = { end: [], committed: [] };
    for (const { name, log } of subTopology.stores) {
      if (log.kind === 'none') continue;
      const from = positions.get(name) ?? state.checkpoint(name) ?? 0;
      if (log.kind === 'topic') kinds.committed.push({ name, topic: log.topic, from });
      else kinds.end.push({ name, topic: plan.changelogName(name), from });
    }
    await Promise.all([this.#follow(kinds.end, 'end'), this.#follow(kinds.committed, 'committed')]);
  }

  async #follow(stores: readonly FollowedStore[], bound: Bound): Promise<void> {
    if (stores.length === 0) return;
    const { moldau, partition, isolation, signal } = this.#options;
    const byTopic = Map.groupBy(stores, ({ topic }) => topic);
    const assignment = [...byTopic].map(([topic, each]) => {
      const from = Math.min(...each.map((store) => store.from));
      return { topic, partition, from: from === 0 ? ('earliest' as const) : { offset: from } };
    });
    await using consumer = moldau.consumer({ assignment, isolation, onOutOfRange: 'earliest', signal });
    const reading = { consumer, stores, waiting: false };
    this.#reading.push(reading);
    for await (const batch of consumer.batches()) {
      while (bound === 'committed' && !signal.aborted && batch.lastOffset >= (await this.#committed(batch.topic))) {
        reading.waiting = true;
        await new Promise<void>((resolve) => this.#options.scheduler.after(COMMITTED_POLL_MS, resolve));
      }
      reading.waiting = false;
      if (signal.aborted) return;
      this.#apply(batch, byTopic.get(batch.topic) ?? []);
    }
  }

  async #committed(topic: string): Promise<number> {
    return (await this.#options.committed()).find((position) => position.topic === topic)?.offset ?? 0;
  }

  #apply(batch: ConsumerBatch, stores: readonly FollowedStore[]): void {
    const { task, state, positions, restored } = this.#options;
    for (const { offset, key, value, timestampMs } of batch) {
      if (key === null) continue;
      for (const { name, from } of stores) if (offset >= from) task.restore(name, key, value, timestampMs);
    }
    for (const { name, from } of stores) positions.set(name, Math.max(from, batch.lastOffset + 1));
    restored(batch.count);
    this.#unkept += batch.count;
    if (this.#unkept < PERSIST_RECORDS) return;
    this.#unkept = 0;
    state.persist(positions);
  }
}
