import { decompressionLimitExceeded } from '../corrupt-batch.ts';
import { type Codec, nothingToPrepare } from './codec.ts';

export const none: Codec = {
  name: 'none',
  compress: (bytes) => bytes,
  decompress(bytes, maxBytes) {
    if (bytes.length > maxBytes) throw decompressionLimitExceeded('none', maxBytes);
    return bytes;
  },
  prepare: nothingToPrepare,
};
