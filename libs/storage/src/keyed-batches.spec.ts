import { describe, expect, it } from 'vitest';
import { ByteReader, ByteWriter } from './byte-codec.ts';
import { FIRST_KEYED_PRODUCER_ID, KEYS_PER_PARTITION_MAX, KEYS_PER_PARTITION_MIN, KeyedBatches, KeyRoom } from './keyed-batches.ts';
import { ProducerState } from './producer-state.ts';
import { caught } from './testing/caught.ts';
import { makeBatch } from './testing/storage-rig.ts';

const KEY = FIRST_KEYED_PRODUCER_ID + 77;
const claim = (records: number, options: { producerId?: number; producerEpoch?: number; baseSequence?: number } = {}) => ({
  producerId: KEY,
  producerEpoch: 3,
  baseSequence: 0,
  lastOffsetDelta: records - 1,
  ...options,
});

function written(records: number): ProducerState {
  const state = new ProducerState();
  state.note(makeBatch(records, { producerId: KEY, producerEpoch: 3, baseSequence: 0 }), 0, 1000);
  return state;
}

describe('a batch with an idempotency key', () => {
  it('is accepted once, and a duplicate from then on', () => {
    expect(new ProducerState().check(claim(2))).toEqual({ kind: 'accept' });
    expect(written(2).check(claim(2))).toMatchObject({ kind: 'duplicate', lastOffset: 1 });
  });

  it('of another size is refused: the key belongs to one request', async () => {
    expect((await caught(() => written(2).check(claim(3)))).reason).toBe('OUT_OF_ORDER_SEQUENCE');
    expect((await caught(() => written(2).check(claim(2, { baseSequence: 2 })))).reason).toBe('UNKNOWN_PRODUCER');
  });

  it('whose id is that of another key is told apart by its epoch', () => {
    expect(written(2).check(claim(2, { producerEpoch: 2 }))).toEqual({ kind: 'accept' });
    expect(written(2).check(claim(2, { producerEpoch: 4 }))).toEqual({ kind: 'accept' });
  });

  it('survives encoding and does not expire with silent sessions', () => {
    const before = written(2);
    before.note(makeBatch(1, { producerId: 9, producerEpoch: 0, baseSequence: 0 }), 0, 1000);
    const writer = new ByteWriter();
    before.encode(writer);
    const state = new ProducerState();
    state.restore(new ByteReader(writer.finish()));
    state.expire(Number.MAX_SAFE_INTEGER);
    expect(state.size).toBe(1);
    expect(state.check(claim(2))).toMatchObject({ kind: 'duplicate' });
  });
});

describe('the memory of keys', () => {
  it('forgets the oldest of the partition first, and counts a repeated id once', () => {
    const room = new KeyRoom();
    const keyed = new KeyedBatches<number>(room);
    for (let id = 0; id <= KEYS_PER_PARTITION_MAX; id += 1) keyed.note(id, 0, id);
    keyed.note(KEYS_PER_PARTITION_MAX, 1, -1);
    expect([keyed.size, room.used]).toEqual([KEYS_PER_PARTITION_MAX, KEYS_PER_PARTITION_MAX]);
    expect([keyed.find(0, 0), keyed.find(1, 0), keyed.find(KEYS_PER_PARTITION_MAX, 1)]).toEqual([undefined, 1, -1]);
  });

  it('is shared by the partitions of a directory, each of which keeps a few', () => {
    const room = new KeyRoom(1_000);
    const first = new KeyedBatches<number>(room);
    const second = new KeyedBatches<number>(room);
    for (let id = 0; id < 2_000; id += 1) first.note(id, 0, id);
    for (let id = 0; id < 200; id += 1) second.note(id, 0, id);
    expect([first.size, second.size]).toEqual([1_000, KEYS_PER_PARTITION_MIN]);
    first.clear();
    expect(room.used).toBe(KEYS_PER_PARTITION_MIN);
  });
});
