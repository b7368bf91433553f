import { gunzipSync, gzipSync } from 'node:zlib';
import { type Codec, nothingToPrepare } from './codec.ts';
import { boundedOutput, outputChunkBytes } from './zlib-output.ts';

/** RFC 1952 at zlib's default level. */
export const gzip: Codec = {
  name: 'gzip',
  compress: (bytes) => gzipSync(bytes),
  decompress(bytes, maxBytes) {
    // zlib takes no limit below 1, and stops only when more than the limit has come out.
    const maxOutputLength = Math.max(1, maxBytes);
    return boundedOutput('gzip', maxBytes, () =>
      gunzipSync(bytes, { maxOutputLength, chunkSize: outputChunkBytes(bytes.length, maxBytes) }),
    );
  },
  prepare: nothingToPrepare,
};
