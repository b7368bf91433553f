import type { MetadataStore } from '../metadata-store.ts';

/** One store that the contract runs against; all clients see the same state. */
export interface StoreUnderTest {
  /** Another client of the store. */
  connect(): MetadataStore;
  /** Forgets all history up to now. */
  compact(): Promise<void>;
  stop(): Promise<void>;
}

/** What the tests of the contract work with: both exist once the tests run. */
export interface StoreAccess {
  store(): MetadataStore;
  tested(): StoreUnderTest;
}
