import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { describe, expect, it } from 'vitest';
import type { MessageCodec } from '../method.ts';
import { encodeMessage } from './message.ts';

/** Messages that are text; one that starts with ! can't be written to its end. */
const TEXT: Pick<MessageCodec<string>, 'encode'> = {
  encode(message, writer = new BinaryWriter()) {
    writer.uint32(10).fork().string(message);
    if (message.startsWith('!')) throw new Error(message);
    return writer.join();
  },
};

function encoded(message: string): string {
  return new TextDecoder().decode(encodeMessage(TEXT as MessageCodec<string>, message).subarray(-message.length));
}

describe('encoding a message', () => {
  it('gives each its own bytes', () => {
    const one = encodeMessage(TEXT as MessageCodec<string>, 'one');
    const copy = one.slice();
    expect(encodeMessage(TEXT as MessageCodec<string>, 'two')).not.toEqual(one);
    expect(one).toEqual(copy);
    expect(one.buffer.byteLength).toBe(one.length);
  });

  it('leaves nothing of a message that failed half-way, nor of a large one', () => {
    const before = encodeMessage(TEXT as MessageCodec<string>, 'same');
    expect(() => encoded('!bad')).toThrow('!bad');
    expect(encodeMessage(TEXT as MessageCodec<string>, 'same')).toEqual(before);
    expect(encoded('x'.repeat(100_000))).toBe('x'.repeat(100_000));
    expect(encodeMessage(TEXT as MessageCodec<string>, 'same')).toEqual(before);
  });
});
