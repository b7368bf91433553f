/** Keys that the caches of a task hold; at 200 bytes each 26 MB. The oldest leave first, written out if they have to be. */
export const CACHE_ENTRIES = 131_072;
/** Of one store, however many share a task's. */
export const CACHE_ENTRIES_MIN = 16;

/** What a cache holds of one key. */
export interface CachedEntry<K, V> {
  readonly key: K;
  value: V | null;
  timestampMs: number;
  /** What the store below and everybody downstream know; equal to `value` while nothing is held back. */
  known: V | null;
  dirty: boolean;
}

export function cleanEntry<K, V>(key: K, entry: { readonly value: V; readonly timestampMs: number } | null): CachedEntry<K, V> {
  return { key, value: entry?.value ?? null, timestampMs: entry?.timestampMs ?? -1, known: entry?.value ?? null, dirty: false };
}
