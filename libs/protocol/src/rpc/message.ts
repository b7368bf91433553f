import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { MoldauError } from '@moldau/kernel';
import type { MessageCodec } from '../method.ts';

/** A message above this, in bytes, leaves a buffer that is not kept: one large message must not hold its memory for ever. */
const KEPT_BYTES_MAX = 64 * 1024;

/** Used again for each message: most are small, and the buffer of a new writer costs more than to fill it. Undefined while in use. */
let kept: BinaryWriter | undefined;

/** The message's bytes, in a buffer of their own. */
export function encodeMessage<Message>(codec: MessageCodec<Message>, message: Message): Uint8Array {
  const writer = kept ?? new BinaryWriter();
  // A codec that throws half-way leaves a writer that nobody may use again.
  kept = undefined;
  const bytes = codec.encode(message, writer).finish();
  if (bytes.length <= KEPT_BYTES_MAX) kept = writer;
  return bytes;
}

/**
 * Fields of type `bytes` are views of `bytes`.
 *
 * @throws MoldauError INVALID_REQUEST when the bytes are no such message, or an int64 lies beyond ±(2⁵³−1)
 */
export function decodeMessage<Message>(codec: MessageCodec<Message>, bytes: Uint8Array): Message {
  try {
    return codec.decode(bytes);
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new MoldauError('INVALID_REQUEST', `the message can't be decoded: ${detail}`, { bytes: String(bytes.length) }, { cause });
  }
}
