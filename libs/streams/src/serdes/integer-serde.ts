import type { Serde } from '@moldau/client/serdes';

const BYTES = 8;

/** Safe integers as signed 64-bit, big-endian: what Kafka's Long serializer writes. Counts are kept in it. */
export const integerSerde: Serde<number> = {
  serialize(value) {
    if (!Number.isSafeInteger(value)) throw new RangeError(`${value} is not a safe integer`);
    const target = Buffer.allocUnsafe(BYTES);
    writeInteger(target, value, 0);
    return target;
  },
  deserialize(bytes) {
    if (bytes.length !== BYTES) throw new RangeError(`an integer has ${BYTES} bytes, this has ${bytes.length}`);
    const value = readInteger(bytes, 0);
    if (!Number.isSafeInteger(value)) throw new RangeError(`${value} is not a safe integer`);
    return value;
  },
};

/** Writes a safe integer as int64, big-endian, without a bigint. */
export function writeInteger(target: Buffer, value: number, at: number): void {
  target.writeInt32BE(Math.floor(value / 2 ** 32), at);
  target.writeUInt32BE(value >>> 0, at + 4);
}

/** Reads what `writeInteger` wrote; other int64 may come back rounded. */
export function readInteger(bytes: Uint8Array, at: number): number {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return view.readInt32BE(at) * 2 ** 32 + view.readUInt32BE(at + 4);
}
