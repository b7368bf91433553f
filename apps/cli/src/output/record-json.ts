import type { ConsumedRecord } from '@moldau/client';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** A record as JSON. Bytes that are no UTF-8 come as base64 under `keyBase64`, `valueBase64`. */
export function recordToJson(record: ConsumedRecord<Uint8Array | null, Uint8Array | null>): Record<string, unknown> {
  return {
    topic: record.topic,
    partition: record.partition,
    offset: record.offset,
    timestampMs: record.timestampMs,
    ...bytesToJson('key', record.key),
    ...bytesToJson('value', record.value),
    headers: record.headers.map(([name, value]) => ({ name, ...bytesToJson('value', value) })),
  };
}

export function bytesToJson(name: string, value: Uint8Array | null): Record<string, string | null> {
  if (value === null) return { [name]: null };
  try {
    return { [name]: utf8.decode(value) };
  } catch {
    return { [`${name}Base64`]: Buffer.from(value).toString('base64') };
  }
}
