import type { Serializer } from '@moldau/client';

/** Converters give bytes, or texts that become bytes only as they enter a batch. */
export const textOrBytes: Serializer<Uint8Array | string> = {
  serialize: (value) => (typeof value === 'string' ? Buffer.from(value, 'utf8') : value),
};
