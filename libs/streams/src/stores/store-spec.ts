import type { Serde } from '@moldau/client/serdes';
import { MoldauError } from '@moldau/kernel';
import type { KeyValueStore, SessionStore, StateStore, WindowStore } from './store.ts';

/** Where a store comes back from after a loss: a changelog of its own, the topic that it is a copy of, or nowhere. */
export type StoreLog = { readonly kind: 'changelog' } | { readonly kind: 'topic'; readonly topic: string } | { readonly kind: 'none' };

export type StoreKind = 'key-value' | 'window' | 'session';

/** A store as the topology declares it. */
export interface StoreSpec<K, V> {
  readonly kind: StoreKind;
  readonly name: string;
  /** The name was made up; it changes when operators are added before it. */
  readonly generated: boolean;
  readonly key: Serde<K>;
  readonly value: Serde<V>;
  readonly log: StoreLog;
  /** Changes are gathered per key and go on at the commit, or at once. */
  readonly cached: boolean;
  /** Of windows and sessions: how long after their start or end they may still be needed. */
  readonly retentionMs: number;
}

/** A store of a program's own processors, with its type. */
export interface StoreHandle<Store extends StateStore> {
  readonly spec: StoreSpec<unknown, unknown>;
  /** Never there at run time: carries the type. */
  readonly store?: Store;
}

/** What a program says of a store of its own. */
export interface StoreOptions<K, V> {
  readonly name: string;
  readonly key: Serde<K>;
  readonly value: Serde<V>;
  /** Default true. Without a changelog the content is lost with the process. */
  readonly logged?: boolean;
}

export interface WindowStoreOptions<K, V> extends StoreOptions<K, V> {
  /** How long a window is kept after its start, in ms. */
  readonly retentionMs: number;
}

export interface SessionStoreOptions<K, V> extends StoreOptions<K, V> {
  /** How long a session is kept after its end, in ms. */
  readonly retentionMs: number;
}

export function keyValueStore<K, V>(options: StoreOptions<K, V>): StoreHandle<KeyValueStore<K, V>> {
  return { spec: specOf('key-value', options, Number.POSITIVE_INFINITY) };
}

/** @throws MoldauError INVALID_TOPOLOGY for a retention that is not a positive number */
export function windowStore<K, V>(options: WindowStoreOptions<K, V>): StoreHandle<WindowStore<K, V>> {
  return { spec: specOf('window', options, options.retentionMs) };
}

/** @throws MoldauError INVALID_TOPOLOGY for a retention that is not a positive number */
export function sessionStore<K, V>(options: SessionStoreOptions<K, V>): StoreHandle<SessionStore<K, V>> {
  return { spec: specOf('session', options, options.retentionMs) };
}

function specOf<K, V>(
  kind: StoreKind,
  { name, key, value, logged = true }: StoreOptions<K, V>,
  retentionMs: number,
): StoreSpec<unknown, unknown> {
  if (!(retentionMs > 0))
    throw new MoldauError('INVALID_TOPOLOGY', `store ${name} keeps windows for ${retentionMs} ms; it takes more than 0`, {
      store: name,
      value: String(retentionMs),
      limit: '0',
    });
  const log: StoreLog = logged ? { kind: 'changelog' } : { kind: 'none' };
  return eraseStore({ kind, name, generated: false, key, value, log, cached: false, retentionMs });
}

/** The same declaration without its types: the topology keeps stores of all types in one list. @internal */
export function eraseStore<K, V>(spec: StoreSpec<K, V>): StoreSpec<unknown, unknown> {
  return spec;
}
