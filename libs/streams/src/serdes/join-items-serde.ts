import type { Serde } from '@moldau/client/serdes';

const LENGTH_BYTES = 4;
const ITEM_HEADER_BYTES = LENGTH_BYTES + 1;

/** A value of a joined stream as it waits for its partners. */
export interface JoinItem<V> {
  readonly value: V;
  /** A partner was found, so it is no result of its own when its window closes. */
  readonly matched: boolean;
}

/** All values of one key at one time: per item `matched uint8, length uint32, value`. */
export function joinItemsSerde<V>(inner: Serde<V>): Serde<readonly JoinItem<V>[]> {
  return {
    serialize(items, topic) {
      const values = items.map(({ value }) => inner.serialize(value, topic));
      const target = Buffer.allocUnsafe(values.reduce((sum, bytes) => sum + ITEM_HEADER_BYTES + bytes.length, 0));
      let at = 0;
      for (const [index, bytes] of values.entries()) {
        target[at] = items[index]?.matched === true ? 1 : 0;
        target.writeUInt32BE(bytes.length, at + 1);
        target.set(bytes, at + ITEM_HEADER_BYTES);
        at += ITEM_HEADER_BYTES + bytes.length;
      }
      return target;
    },
    deserialize(bytes, topic) {
      const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const items: JoinItem<V>[] = [];
      for (let at = 0; at < view.length; ) {
        const matched = view.readUInt8(at) === 1;
        const from = at + ITEM_HEADER_BYTES;
        const to = from + view.readUInt32BE(at + 1);
        if (to > view.length) throw new RangeError(`an item ends at ${to} of ${view.length} bytes`);
        items.push({ value: inner.deserialize(view.subarray(from, to), topic), matched });
        at = to;
      }
      return items;
    },
  };
}
