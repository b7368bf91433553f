import { type ErrorFacts, MoldauError } from '@moldau/kernel';

/** The error for bytes that are not a legal record batch; `problem` is a sentence without its subject, e.g. "ends inside a varint". */
export function corruptBatch(problem: string, facts: ErrorFacts = {}, cause?: unknown): MoldauError {
  return new MoldauError('CORRUPT_BATCH', `record batch ${problem}`, facts, cause === undefined ? {} : { cause });
}

/** The error for compressed bytes that would come out larger than `maxBytes`. */
export function decompressionLimitExceeded(codec: string, maxBytes: number, cause?: unknown): MoldauError {
  const message = `${codec} data would decompress to more than ${maxBytes} bytes`;
  return new MoldauError('DECOMPRESSION_LIMIT_EXCEEDED', message, { codec, limit: String(maxBytes) }, cause === undefined ? {} : { cause });
}
