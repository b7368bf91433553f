import type { Serde } from '@moldau/client/serdes';
import type { Change } from '../record/change.ts';

const HAS_VALUE = 1;
const HAS_OLD = 2;
const HEADER_BYTES = 5;

/** Both sides of a change: `flags uint8, length of value uint32, value, old`. */
export function changeSerde<V>(inner: Serde<V>): Serde<Change<V>> {
  return {
    serialize({ value, old }, topic) {
      const valueBytes = value === null ? undefined : inner.serialize(value, topic);
      const oldBytes = old === null ? undefined : inner.serialize(old, topic);
      const target = Buffer.allocUnsafe(HEADER_BYTES + (valueBytes?.length ?? 0) + (oldBytes?.length ?? 0));
      target.writeUInt8((valueBytes === undefined ? 0 : HAS_VALUE) | (oldBytes === undefined ? 0 : HAS_OLD), 0);
      target.writeUInt32BE(valueBytes?.length ?? 0, 1);
      if (valueBytes !== undefined) target.set(valueBytes, HEADER_BYTES);
      if (oldBytes !== undefined) target.set(oldBytes, HEADER_BYTES + (valueBytes?.length ?? 0));
      return target;
    },
    deserialize(bytes, topic) {
      if (bytes.length < HEADER_BYTES) throw new RangeError(`a change has at least ${HEADER_BYTES} bytes, this has ${bytes.length}`);
      const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const flags = view.readUInt8(0);
      const end = HEADER_BYTES + view.readUInt32BE(1);
      if (end > bytes.length) throw new RangeError(`a change's value ends at ${end} of ${bytes.length} bytes`);
      return {
        value: (flags & HAS_VALUE) === 0 ? null : inner.deserialize(bytes.subarray(HEADER_BYTES, end), topic),
        old: (flags & HAS_OLD) === 0 ? null : inner.deserialize(bytes.subarray(end), topic),
      };
    },
  };
}
