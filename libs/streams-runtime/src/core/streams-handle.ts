import { type MoldauError, present } from '@moldau/kernel';
import { partitionForKey } from '@moldau/records';
import type { StateStore, TaskStats } from '@moldau/streams';
import type { HostedTask } from './hosted-task.ts';
import type { StorePlace, StorePlaces } from './store-places.ts';
import type { StreamsThread } from './streams-thread.ts';
import type { TaskPhase } from './task-phase.ts';

/** `running`: all tasks that it has run; `restoring`: some do not yet; `failed`: a task or a thread has stopped. */
export type StreamsState = 'running' | 'restoring' | 'failed' | 'closed';

/** A task as it stands now. */
export interface TaskDescription {
  /** Part of the topology and partition, as `0_3`. */
  readonly id: string;
  readonly phase: TaskPhase['t'];
  /** What stopped it. */
  readonly error: MoldauError | undefined;
  /** Counts since it was started last; undefined before. */
  readonly stats: TaskStats | undefined;
  /** Event time that all of its inputs have reached, ms since the epoch; −Infinity before the first record. */
  readonly watermarkMs: number;
  /** Records read and not worked on. */
  readonly buffered: number;
  /** Records read back from changelogs. */
  readonly restored: number;
  /** Records behind the end of each input partition, as far as it is known. */
  readonly lag: readonly { readonly topic: string; readonly partition: number; readonly records: number | undefined }[];
}

/** A copy of the state of a task, as it stands now. */
export interface StandbyDescription {
  /** As of tasks. */
  readonly id: string;
  /** Changelog records that it lacks; undefined while that is not known. */
  readonly lag: number | undefined;
  /** Changelog records that it has read. */
  readonly restored: number;
}

/** A running application. Made by `startStreams`. */
export class StreamsHandle {
  readonly #threads: readonly StreamsThread[];
  readonly #places: StorePlaces;
  readonly #release: () => Promise<void>;
  #closing: Promise<void> | undefined;

  /** @internal */
  constructor(threads: readonly StreamsThread[], places: StorePlaces, release: () => Promise<void>) {
    this.#threads = threads;
    this.#places = places;
    this.#release = release;
  }

  get state(): StreamsState {
    if (this.#closing !== undefined) return 'closed';
    const phases = this.#tasks().map(([, { phase }]) => phase.t);
    if (this.failure !== undefined || phases.includes('failed')) return 'failed';
    const idle = phases.length === 0 && this.standbys().length === 0;
    return !idle && phases.every((phase) => phase === 'running') ? 'running' : 'restoring';
  }

  /** What ended one of its threads. */
  get failure(): MoldauError | undefined {
    return this.#threads.find(({ failure }) => failure !== undefined)?.failure;
  }

  /** The tasks that are here now. */
  tasks(): readonly TaskDescription[] {
    return this.#tasks().map(([thread, task]) => ({
      id: `${task.id.subTopology}_${task.id.partition}`,
      phase: task.phase.t,
      error: task.phase.t === 'failed' ? task.phase.error : undefined,
      stats: task.stats,
      watermarkMs: task.running?.watermarkMs ?? Number.NEGATIVE_INFINITY,
      buffered: task.buffered,
      restored: task.restoredRecords,
      lag: task.buffers.map(({ topic, partition, count }) => {
        const behind = thread.lag(topic, partition);
        return { topic, partition, records: behind === undefined ? undefined : behind + count };
      }),
    }));
  }

  /** Copies of tasks that others run, or that are about to come here. */
  standbys(): readonly StandbyDescription[] {
    return this.#threads.flatMap(({ copies }) =>
      [...copies.tasks].map(([id, { lag, restoredRecords }]) => ({ id, lag, restored: restoredRecords })),
    );
  }

  /** The copies of a store that are here, by partition: they may lag behind. Read at once, and don't keep them. */
  queryStandbys(store: string): ReadonlyMap<number, StateStore> {
    const found = new Map<number, StateStore>();
    for (const { id, copy } of this.#threads.flatMap(({ copies }) => [...copies.tasks.values()])) {
      const part = copy?.store(store);
      if (part !== undefined) found.set(id.partition, part);
    }
    return found;
  }

  /**
   * Where every partition of a store is, among all processes that run the application, as the group knew it within the last second.
   *
   * @throws MoldauError INVALID_REQUEST for a store that the application does not have; what describing the group fails with
   */
  metadata(store: string): Promise<readonly StorePlace[]> {
    return this.#places.all(store);
  }

  /** Where a key of a store is: the key as bytes, as it is written to the topics that the task reads. @throws MoldauError as `metadata` */
  async locate(store: string, key: Uint8Array): Promise<StorePlace> {
    const places = await this.#places.all(store);
    return present(places[partitionForKey(key, places.length)], 'a store has partitions');
  }

  /** The parts of a store that are here, by partition: read at once, and don't keep them. */
  query(store: string): ReadonlyMap<number, StateStore> {
    const found = new Map<number, StateStore>();
    for (const [, { id, running }] of this.#tasks()) {
      const part = running?.store(store);
      if (part !== undefined) found.set(id.partition, part);
    }
    return found;
  }

  /** Commits what was worked on, gives the tasks to the others, and ends. */
  close(): Promise<void> {
    this.#closing ??= this.#close((thread) => thread.close());
    return this.#closing;
  }

  /** Ends without committing, as a crash does. @internal */
  abandon(): Promise<void> {
    this.#closing ??= this.#close((thread) => thread.abandon());
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(end: (thread: StreamsThread) => Promise<void>): Promise<void> {
    await Promise.all(this.#threads.map(end));
    await this.#release();
  }

  #tasks(): readonly (readonly [StreamsThread, HostedTask])[] {
    return this.#threads.flatMap((thread) => [...thread.tasks.values()].map((task) => [thread, task] as const));
  }
}
