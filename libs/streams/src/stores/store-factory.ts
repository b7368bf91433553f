import type { KeyValueStore, SessionStore, WindowStore } from './store.ts';
import type { StoreSpec } from './store-spec.ts';

/**
 * Port: where state lives. Memory comes with this library, disk with the runtime. A store that is made holds what was
 * last flushed and kept under its name, or nothing; the task restores the rest. Caches and changelogs are put in
 * front of it by the task.
 */
export interface StoreFactory {
  /** Its stores keep bytes: those that the changelog got are given to them, and not made twice. */
  readonly keepsBytes?: boolean;
  keyValue<K, V>(spec: StoreSpec<K, V>): KeyValueStore<K, V>;
  window<K, V>(spec: StoreSpec<K, V>): WindowStore<K, V>;
  session<K, V>(spec: StoreSpec<K, V>): SessionStore<K, V>;
}
