import type { Serde } from '@moldau/client/serdes';

/** What two keys have in common when they are the same key: usable in a Map. */
export type KeyIdentity = string | number | bigint | boolean;

/** Of keys that are compared by their bytes; no text that a serde of strings takes begins so by chance. */
const BYTES_PREFIX = '\u0000\u0001';

/**
 * Keys are equal when their bytes are. Text and numbers are their own identity, so that the hot path serializes nothing;
 * their serdes must give different keys different bytes.
 */
export function keyIdentity<K>(serde: Serde<K>, topic: string): (key: K) => KeyIdentity {
  return (key) => {
    if (typeof key === 'string' || typeof key === 'number' || typeof key === 'bigint' || typeof key === 'boolean') return key;
    const bytes = serde.serialize(key, topic);
    return BYTES_PREFIX + Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  };
}
