import { MoldauError } from '@moldau/kernel';
import type { MessageCodec } from '../method.ts';

export function encodeMessage<Message>(codec: MessageCodec<Message>, message: Message): Uint8Array {
  return codec.encode(message).finish();
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
