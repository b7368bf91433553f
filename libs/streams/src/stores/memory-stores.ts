import { MemoryKeyValueStore } from './memory-key-value-store.ts';
import { MemorySessionStore } from './memory-session-store.ts';
import { MemoryWindowStore } from './memory-window-store.ts';
import type { StoreFactory } from './store-factory.ts';

/** State in the process's memory; a new process restores all of it. */
export const memoryStores: StoreFactory = {
  keyValue: (spec) => new MemoryKeyValueStore(spec),
  window: (spec) => new MemoryWindowStore(spec),
  session: (spec) => new MemorySessionStore(spec),
};
