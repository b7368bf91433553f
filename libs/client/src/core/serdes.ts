/** Turns a key or a value into bytes. What it throws fails that record with SERIALIZATION_FAILED; null never reaches it. */
export interface Serializer<Value> {
  serialize(value: Value, topic: string): Uint8Array;
}

/** Turns bytes into a key or a value. What it throws surfaces as SERIALIZATION_FAILED where the record's field is read. */
export interface Deserializer<Value> {
  deserialize(bytes: Uint8Array, topic: string): Value;
}

/** Both directions of one format. */
export interface Serde<Value> extends Serializer<Value>, Deserializer<Value> {}

const INT64_BYTES = 8;

const bytes: Serde<Uint8Array> = {
  serialize(value) {
    if (value instanceof Uint8Array) return value;
    throw new TypeError(`expected a Uint8Array, got ${typeof value}`);
  },
  deserialize: (value) => value,
};

const string: Serde<string> = {
  serialize(value) {
    if (typeof value === 'string') return Buffer.from(value, 'utf8');
    throw new TypeError(`expected a string, got ${typeof value}`);
  },
  deserialize: (value) => Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('utf8'),
};

/** Signed 64-bit integer, big-endian, as other clients' Long serializers write it. */
const int64: Serde<bigint> = {
  serialize(value) {
    const target = Buffer.allocUnsafe(INT64_BYTES);
    target.writeBigInt64BE(value);
    return target;
  },
  deserialize(value) {
    if (value.length !== INT64_BYTES) throw new RangeError(`an int64 has ${INT64_BYTES} bytes, this has ${value.length}`);
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).readBigInt64BE();
  },
};

const double: Serde<number> = {
  serialize(value) {
    if (typeof value !== 'number') throw new TypeError(`expected a number, got ${typeof value}`);
    const target = Buffer.allocUnsafe(INT64_BYTES);
    target.writeDoubleBE(value);
    return target;
  },
  deserialize(value) {
    if (value.length !== INT64_BYTES) throw new RangeError(`a double has ${INT64_BYTES} bytes, this has ${value.length}`);
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).readDoubleBE();
  },
};

function json<Value>(): Serde<Value> {
  return {
    serialize(value) {
      const text: string | undefined = JSON.stringify(value);
      if (text === undefined) throw new TypeError(`${typeof value} has no JSON form`);
      return Buffer.from(text, 'utf8');
    },
    deserialize: (value, topic) => JSON.parse(string.deserialize(value, topic)) as Value,
  };
}

/**
 * The formats that come with the SDK.
 *
 * @example
 * const producer = moldau.producer({ keySerializer: serdes.string, valueSerializer: serdes.json<Flight>() });
 */
export const serdes = { bytes, string, int64, double, json } as const;
