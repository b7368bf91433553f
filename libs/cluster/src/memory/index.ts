/** The in-memory metadata store, and the parts of it that other in-process stores are built of. */
export { createEngineClient, type EngineClientDeps, type EngineLink } from './engine-client.ts';
export {
  createMemoryMetadataStore,
  type MemoryMetadataStore,
  type MemoryStoreClient,
  type MemoryStoreDeps,
  type MemoryStoreFaults,
} from './memory-metadata-store.ts';
export { MetadataEngine, type MetadataEngineDeps, unavailable } from './metadata-engine.ts';
export { type Tree, treeGet, treePut, treeRemove, treeScan } from './persistent-tree.ts';
export { HISTORY_EVENTS_MAX, type LeasedEntry, type StagedChange, type StateImage, VersionedState } from './versioned-state.ts';
