import { createMoldau, type Moldau } from '@moldau/client';
import { type SpawnedStandalone, spawnStandalone } from '@moldau/harness';
import { Acks, type ItemError, type ProduceBatchResult } from '@moldau/protocol';
import { crc32c } from '@moldau/records';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { BATCH_FIELDS, batchOf } from '../fixture/batches.ts';
import { type RawBroker, rawBroker } from '../fixture/raw-broker.ts';
import { readAll } from '../fixture/read-all.ts';
import { createTopic } from '../fixture/topic.ts';

/** Every test sends something broken, and then checks that the same connection and another client go on. */
let server: SpawnedStandalone;
let moldau: Moldau;
let raw: RawBroker;
let topicId: string;

const TOPIC = 'hostile';
const COMPACTED = 'compacted';
const INT32_MAX = 0x7fff_ffff;

beforeAll(async () => {
  server = await spawnStandalone();
  moldau = createMoldau({ bootstrap: server.address });
  await createTopic(moldau, TOPIC, { configs: { 'max.message.bytes': '100000' } });
  await createTopic(moldau, COMPACTED, { configs: { 'cleanup.policy': 'compact' } });
});

afterAll(async () => {
  await moldau?.close();
  await server?.dispose();
});

beforeEach(async () => {
  raw = rawBroker(server.address);
  topicId = await raw.topicId(TOPIC);
});

afterEach(async () => {
  const accepted = await raw.produce(topicId, batchOf(['the same connection goes on']));
  expect(accepted.error).toBeUndefined();
  const producer = moldau.producer();
  expect((await producer.send({ topic: TOPIC, value: Buffer.from('and so do others') })).offset).toBe((accepted.baseOffset ?? 0) + 1);
  await producer.close();
  raw[Symbol.dispose]();
});

/** The batch with one field overwritten; with a CRC that fits, unless the field lies before what the CRC covers. */
function broken(change: (batch: Buffer) => void, options: { readonly crc: boolean } = { crc: true }): Buffer {
  const batch = batchOf(['a', 'b', 'c']);
  change(batch);
  if (options.crc) batch.writeUInt32BE(crc32c(batch.subarray(BATCH_FIELDS.attributes)), BATCH_FIELDS.crc);
  return batch;
}

function errorOf(result: ProduceBatchResult): ItemError {
  expect(result.baseOffset).toBeUndefined();
  if (result.error === undefined) throw new Error('the batch was taken');
  return result.error;
}

/** The error, once it tells people and programs what was found and what is allowed. */
function named(error: ItemError): ItemError {
  for (const fact of ['value', 'limit']) {
    const text = error.metadata.get(fact);
    expect(text, `${fact} of ${error.reason}: ${error.message}`).toBeDefined();
    expect(error.message).toContain(text);
  }
  return error;
}

async function refusal(batch: Uint8Array): Promise<ItemError> {
  return named(errorOf(await raw.produce(topicId, batch)));
}

describe('a batch is refused, naming value and limit, when', () => {
  it('it is larger than max.message.bytes', async () => {
    const error = await refusal(batchOf([Buffer.alloc(100_001)]));
    expect(error).toMatchObject({ reason: 'RECORD_TOO_LARGE', retriable: false });
    expect(error.metadata.get('limit')).toBe('100000');
  });

  it('its CRC does not fit', async () => {
    const error = await refusal(broken((batch) => void batch.writeUInt8(batch.readUInt8(70) ^ 1, 70), { crc: false }));
    expect(error.reason).toBe('CORRUPT_BATCH');
  });

  it.each([0, 1, 11, 12, 60, 61, 75])('it is cut off after %i bytes', async (length) => {
    expect((await refusal(batchOf(['a', 'b', 'c']).subarray(0, length))).reason).toBe('CORRUPT_BATCH');
  });

  it.each([-1, -INT32_MAX - 1, INT32_MAX, 0, 48])('its length says %i', async (length) => {
    const error = await refusal(broken((batch) => void batch.writeInt32BE(length, BATCH_FIELDS.batchLength), { crc: false }));
    expect(['CORRUPT_BATCH', 'RECORD_TOO_LARGE']).toContain(error.reason);
  });

  it.each([1_000_000_000, INT32_MAX, -1, 0, 4])('it claims %i records and has 3', async (count) => {
    const error = await refusal(
      broken((batch) => {
        batch.writeInt32BE(count, BATCH_FIELDS.recordCount);
        batch.writeInt32BE(count - 1, BATCH_FIELDS.lastOffsetDelta);
      }),
    );
    expect(error.reason).toBe('CORRUPT_BATCH');
  });

  it('its last offset delta does not fit its count', async () => {
    expect((await refusal(broken((batch) => void batch.writeInt32BE(7, BATCH_FIELDS.lastOffsetDelta)))).reason).toBe('CORRUPT_BATCH');
  });

  it.each([5, 6, 7])('it names the unknown codec %i', async (codec) => {
    const error = await refusal(broken((batch) => void batch.writeInt16BE(codec, BATCH_FIELDS.attributes)));
    expect(error.reason).toBe('UNSUPPORTED_COMPRESSION');
  });

  it.each([0, 1, 3, 127])('its magic is %i', async (magic) => {
    const error = await refusal(broken((batch) => void batch.writeInt8(magic, BATCH_FIELDS.magic), { crc: false }));
    expect(error.reason).toBe('CORRUPT_BATCH');
  });

  it('it says it is a control batch', async () => {
    expect((await refusal(broken((batch) => void batch.writeInt16BE(0x20, BATCH_FIELDS.attributes)))).reason).toBe('CORRUPT_BATCH');
  });

  it('something follows it', async () => {
    expect((await refusal(Buffer.concat([batchOf(['a']), batchOf(['b'])]))).reason).toBe('CORRUPT_BATCH');
  });

  it('a record has no key and the topic is compacted', async () => {
    const error = errorOf(await raw.produce(await raw.topicId(COMPACTED), batchOf(['no key'])));
    expect(error.reason).toBe('NULL_KEY_ON_COMPACTED_TOPIC');
  });

  it('it is idempotent and asks for acks=1', async () => {
    const batch = batchOf(['x'], { producerId: 1, producerEpoch: 0, baseSequence: 0 });
    expect(named(errorOf(await raw.produce(topicId, batch, { acks: Acks.LEADER }))).reason).toBe('INVALID_ACKS');
  });

  it('it leaves a gap in the sequence', async () => {
    const batch = batchOf(['x'], { producerId: 1_000_000, producerEpoch: 0, baseSequence: 0 });
    expect((await raw.produce(topicId, batch)).error).toBeUndefined();
    const gap = batchOf(['x'], { producerId: 1_000_000, producerEpoch: 0, baseSequence: 7 });
    const error = errorOf(await raw.produce(topicId, gap));
    expect(error).toMatchObject({
      reason: 'OUT_OF_ORDER_SEQUENCE',
      message: expect.stringMatching(/sequence 7: expected sequence 1/) as string,
    });
    expect(Object.fromEntries(error.metadata)).toMatchObject({ producer_id: '1000000', base_sequence: '7', limit: '1' });
  });
});

describe('records that only a reader of their batch can find broken', () => {
  /** The varint of a length that does not end. */
  const ENDLESS = Buffer.alloc(12, 0xff);

  it('are told to the reader when there are more than the batch says', async () => {
    await createTopic(moldau, 'false-count');
    const id = await raw.topicId('false-count');
    const batch = broken((bytes) => {
      bytes.writeInt32BE(2, BATCH_FIELDS.recordCount);
      bytes.writeInt32BE(1, BATCH_FIELDS.lastOffsetDelta);
    });
    const result = await raw.produce(id, batch);
    if (result.error !== undefined) expect(result.error.reason).toBe('CORRUPT_BATCH');
    else await expect(readAll(moldau, 'false-count')).rejects.toMatchObject({ reason: 'CORRUPT_BATCH' });
  });

  it('are never read past their batch: the reader is told, others are not disturbed', async () => {
    await createTopic(moldau, 'truncated-varint');
    const id = await raw.topicId('truncated-varint');
    const batch = broken((bytes) => void ENDLESS.copy(bytes, BATCH_FIELDS.firstRecord));
    const result = await raw.produce(id, batch);
    if (result.error !== undefined) expect(result.error.reason).toBe('CORRUPT_BATCH');
    else await expect(readAll(moldau, 'truncated-varint')).rejects.toMatchObject({ reason: 'CORRUPT_BATCH' });
  });
});
