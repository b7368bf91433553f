/** Keys that a cache holds; at 100 bytes each some MB. The oldest leaves first, written out if it has to be. */
export const CACHE_ENTRIES_MAX = 20_000;

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
