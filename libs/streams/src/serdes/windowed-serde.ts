import type { Serde } from '@moldau/client/serdes';
import type { Windowed } from '../record/windowed.ts';
import { readInteger, writeInteger } from './integer-serde.ts';
import type { KeySerde } from './serde.ts';

const TIME_BYTES = 8;
const SUFFIX_BYTES = 2 * TIME_BYTES;

/** Keys of windowed results: `key, startMs int64, endMs int64`. All windows of a key go to the key's partition. */
export function windowedSerde<K>(inner: Serde<K>): KeySerde<Windowed<K>> {
  return {
    serialize({ key, window }, topic) {
      const bytes = inner.serialize(key, topic);
      const target = Buffer.allocUnsafe(bytes.length + SUFFIX_BYTES);
      target.set(bytes);
      writeInteger(target, window.startMs, bytes.length);
      writeInteger(target, window.endMs, bytes.length + TIME_BYTES);
      return target;
    },
    deserialize(bytes, topic) {
      const end = bytes.length - SUFFIX_BYTES;
      if (end < 0) throw new RangeError(`a windowed key has at least ${SUFFIX_BYTES} bytes, this has ${bytes.length}`);
      const window = { startMs: readInteger(bytes, end), endMs: readInteger(bytes, end + TIME_BYTES) };
      return { key: inner.deserialize(bytes.subarray(0, end), topic), window };
    },
    partitionBytes: (bytes) => bytes.subarray(0, bytes.length - SUFFIX_BYTES),
  };
}
