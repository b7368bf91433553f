import { describe, expect, it } from 'vitest';
import { ByteReader, ByteWriter } from './byte-codec.ts';
import { ProducerState } from './producer-state.ts';
import { caught } from './testing/caught.ts';
import { makeBatch } from './testing/storage-rig.ts';

const claim = (baseSequence: number, options: { producerEpoch?: number; lastOffsetDelta?: number } = {}) => ({
  producerId: 9,
  producerEpoch: 0,
  lastOffsetDelta: 0,
  baseSequence,
  ...options,
});

function after(...sequences: readonly number[]): ProducerState {
  const state = new ProducerState();
  for (const baseSequence of sequences) state.note(makeBatch(1, { producerId: 9, producerEpoch: 0, baseSequence }), 0, 1000);
  return state;
}

describe('the state of producers', () => {
  it('accepts the next sequence, also across the end of int32', () => {
    expect(after(0, 1).check(claim(2))).toEqual({ kind: 'accept' });
    expect(after(0x7fff_fffe, 0x7fff_ffff).check(claim(0))).toEqual({ kind: 'accept' });
  });

  it('knows duplicates among the last five, and that older ones are duplicates too', async () => {
    const state = after(0, 1, 2, 3, 4, 5);
    expect(state.check(claim(1))).toMatchObject({ kind: 'duplicate' });
    expect((await caught(() => state.check(claim(0)))).reason).toBe('DUPLICATE_SEQUENCE');
    expect((await caught(() => after(0x7fff_fffc, 0x7fff_fffd, 0x7fff_fffe, 0x7fff_ffff, 0, 1).check(claim(0x7fff_fffc)))).reason).toBe(
      'DUPLICATE_SEQUENCE',
    );
  });

  it('refuses gaps, unknown sessions and fenced ones', async () => {
    expect((await caught(() => after(0).check(claim(2)))).reason).toBe('OUT_OF_ORDER_SEQUENCE');
    expect((await caught(() => new ProducerState().check(claim(4)))).reason).toBe('UNKNOWN_PRODUCER');
    const state = after(0);
    expect((await caught(() => state.check(claim(1, { producerEpoch: 1 })))).reason).toBe('OUT_OF_ORDER_SEQUENCE');
    expect(state.check(claim(0, { producerEpoch: 1 }))).toEqual({ kind: 'accept' });
    state.note(makeBatch(1, { producerId: 9, producerEpoch: 1, baseSequence: 0 }), 0, 1000);
    expect((await caught(() => state.check(claim(1)))).reason).toBe('FENCED_PRODUCER');
  });

  it('survives encoding, and forgets silent sessions', () => {
    const writer = new ByteWriter();
    after(3, 4).encode(writer);
    const state = new ProducerState();
    state.restore(new ByteReader(writer.finish()));
    expect(state.check(claim(5))).toEqual({ kind: 'accept' });
    state.expire(1001);
    expect(state.size).toBe(0);
  });
});
