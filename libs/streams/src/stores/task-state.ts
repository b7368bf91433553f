import type { TaskId } from '../task/task-services.ts';
import { memoryStores } from './memory-stores.ts';
import type { StoreFactory } from './store-factory.ts';

/**
 * Port: the state of one task, and how far in the changelogs it has come. What stores take between two calls of `persist` is
 * kept whole or not at all, together with the offsets; so a task that is made anew reads its changelogs on from there.
 */
export interface TaskState {
  /** Makes the stores of the task: give it to `StreamTask`. */
  readonly stores: StoreFactory;
  /** Offset of the changelog record to go on with; undefined: from the beginning. */
  checkpoint(store: string): number | undefined;
  /**
   * Keeps all that stores have taken. Call it when what the changelog got is committed, and from time to time while
   * restoring. `offsets`: per store, of the changelog record that comes next.
   *
   * @throws MoldauError STATE_STORE_FAILED
   */
  persist(offsets: ReadonlyMap<string, number>): void;
  /** Lets go of what was not persisted. The stores must be closed before. */
  close(): void;
}

/** Port: where tasks have their state. @throws MoldauError STATE_STORE_FAILED, STATE_LOCKED */
export type TaskStates = (id: TaskId) => TaskState;

/** State that ends with the process. */
export const memoryTaskStates: TaskStates = () => ({ stores: memoryStores, checkpoint: () => undefined, persist() {}, close() {} });
