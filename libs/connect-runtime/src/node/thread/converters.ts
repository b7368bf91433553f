import { type Datum, NULL_DATUM } from '@moldau/connect';

/** Between a record's bytes and its data. What these throw is that record's fault. */
export interface RuntimeConverter {
  toBytes(topic: string, datum: Datum): Uint8Array | null;
  toData(topic: string, bytes: Uint8Array | null): Datum;
}

const bytes: RuntimeConverter = {
  toBytes(_topic, { value }) {
    if (value === null || value === undefined) return null;
    if (value instanceof Uint8Array) return value;
    if (typeof value === 'string') return Buffer.from(value, 'utf8');
    throw new TypeError(`the bytes converter takes bytes or text, not ${typeof value}`);
  },
  toData: (_topic, value) => (value === null ? NULL_DATUM : { value }),
};

const string: RuntimeConverter = {
  toBytes(_topic, { value }) {
    if (value === null || value === undefined) return null;
    if (value instanceof Uint8Array) return value;
    return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value), 'utf8');
  },
  toData: (_topic, value) => (value === null ? NULL_DATUM : { value: asText(value) }),
};

const json: RuntimeConverter = {
  toBytes(_topic, { value }) {
    if (value === null || value === undefined) return null;
    return Buffer.from(JSON.stringify(value), 'utf8');
  },
  toData: (_topic, value) => (value === null ? NULL_DATUM : { value: JSON.parse(asText(value)) as Datum['value'] }),
};

function asText(value: Uint8Array): string {
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('utf8');
}

const CONVERTERS: Readonly<Record<string, RuntimeConverter>> = {
  bytes,
  'org.apache.kafka.connect.converters.ByteArrayConverter': bytes,
  string,
  'org.apache.kafka.connect.storage.StringConverter': string,
  json,
  'org.apache.kafka.connect.json.JsonConverter': json,
  'org.apache.kafka.connect.storage.SimpleHeaderConverter': string,
};

export const CONVERTER_NAMES = Object.keys(CONVERTERS);

/** The converter of this name; undefined where there is none. */
export function converterOf(name: string): RuntimeConverter | undefined {
  return Object.hasOwn(CONVERTERS, name) ? CONVERTERS[name] : undefined;
}
