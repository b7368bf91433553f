import type { Serde } from '@moldau/client/serdes';

/**
 * Remembers the bytes of the last value: changelog and disk want those of the same one, one after the other. Values of stores are
 * never changed in place, so the same value has the same bytes.
 */
export function rememberBytes<T>(inner: Serde<T>): Serde<T> {
  let last: { readonly value: T; readonly bytes: Uint8Array } | undefined;
  return {
    serialize(value, topic) {
      if (last !== undefined && Object.is(last.value, value)) return last.bytes;
      last = { value, bytes: inner.serialize(value, topic) };
      return last.bytes;
    },
    deserialize: (bytes, topic) => inner.deserialize(bytes, topic),
  };
}
