import { rememberBytes } from '../serdes/remembered-bytes.ts';
import { CachedKeyValueStore } from '../stores/cached-key-value-store.ts';
import { CachedWindowStore } from '../stores/cached-window-store.ts';
import { type Changelog, LoggedKeyValueStore, LoggedSessionStore, LoggedWindowStore } from '../stores/logged-stores.ts';
import type { StateStore } from '../stores/store.ts';
import type { StoreFactory } from '../stores/store-factory.ts';
import type { StoreSpec } from '../stores/store-spec.ts';

export interface TaskStoreOptions {
  readonly changelog: Changelog;
  /** Keys that the cache of this store may hold. */
  readonly cacheEntries: number;
}

/** A store as operators use it: where it lives, its changelog before that, its cache before both. */
export function createTaskStore(
  declared: StoreSpec<unknown, unknown>,
  factory: StoreFactory,
  { changelog, cacheEntries }: TaskStoreOptions,
): StateStore {
  const logged = declared.log.kind === 'changelog';
  const spec =
    factory.keepsBytes === true ? { ...declared, key: rememberBytes(declared.key), value: rememberBytes(declared.value) } : declared;
  switch (spec.kind) {
    case 'key-value': {
      const inner = factory.keyValue(spec);
      const store = logged ? new LoggedKeyValueStore(inner, spec, changelog) : inner;
      return spec.cached ? new CachedKeyValueStore(store, spec, cacheEntries) : store;
    }
    case 'window': {
      const inner = factory.window(spec);
      const store = logged ? new LoggedWindowStore(inner, spec, changelog) : inner;
      return spec.cached ? new CachedWindowStore(store, spec, cacheEntries) : store;
    }
    case 'session': {
      const inner = factory.session(spec);
      return logged ? new LoggedSessionStore(inner, spec, changelog) : inner;
    }
  }
}
