import { composedBytes } from '@moldau/kernel';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ReplicateResponse } from '../gen/moldau/internal/v1/replication.ts';
import { FetchResponse, FetchStreamResponse } from '../gen/moldau/v1/fetch.ts';
import { ProduceStreamRequest } from '../gen/moldau/v1/producer.ts';
import { composeReplicaNews, composeStreamRecords, encodeFetchResponse } from './fetched-records.ts';
import { encodeProduceAppend } from './produce-append.ts';
import { varintLength } from './wire.ts';

const bytes = fc.uint8Array({ maxLength: 300 });
const offset = fc.nat({ max: Number.MAX_SAFE_INTEGER });

const produceBatch = fc.record({
  batchId: offset,
  topicId: fc.uuid(),
  partition: fc.nat(),
  leaderEpoch: fc.option(fc.nat(), { nil: undefined }),
  recordBatch: bytes,
});

describe('encodeProduceAppend', () => {
  it('writes what the generated encoder writes', () => {
    fc.assert(
      fc.property(fc.array(produceBatch, { maxLength: 5 }), (batches) => {
        const generated = ProduceStreamRequest.encode({ frame: { $case: 'append', value: { batches } } }).finish();
        expect(ProduceStreamRequest.decode(Uint8Array.from(encodeProduceAppend(batches)))).toEqual(ProduceStreamRequest.decode(generated));
      }),
    );
  });

  it('gives record batches to the decoder as views of the message', () => {
    const message = encodeProduceAppend([{ batchId: 1, topicId: '', partition: 0, recordBatch: new Uint8Array(70_000).fill(7) }]);
    const { frame } = ProduceStreamRequest.decode(message);
    expect(frame?.$case === 'append' && frame.value.batches[0]?.recordBatch.buffer).toBe(message.buffer);
  });
});

const chunks = fc.array(bytes, { maxLength: 3 });
const streamPartition = fc.record({
  head: fc.record({
    positionId: offset,
    highWatermark: offset,
    lastStableOffset: offset,
    logStartOffset: offset,
    abortedTransactions: fc.array(fc.record({ producerId: offset, firstOffset: offset }), { maxLength: 2 }),
  }),
  batches: chunks,
});

describe('composeStreamRecords', () => {
  it('writes what the generated encoder writes for the batches one after the other', () => {
    fc.assert(
      fc.property(fc.array(streamPartition, { maxLength: 4 }), (partitions) => {
        const whole = partitions.map(({ head, batches }) => ({ ...head, recordBatches: Uint8Array.from(Buffer.concat(batches)) }));
        const generated = FetchStreamResponse.encode({ frame: { $case: 'records', value: { partitions: whole } } }).finish();
        expect(FetchStreamResponse.decode(composedBytes(composeStreamRecords(partitions)))).toEqual(FetchStreamResponse.decode(generated));
      }),
    );
  });
});

const news = fc.record({
  head: fc.record({
    positionId: fc.nat(),
    leaderEpoch: fc.nat(),
    highWatermark: offset,
    logStartOffset: offset,
    diverging: fc.option(fc.record({ epoch: fc.nat(), endOffset: offset }), { nil: undefined }),
  }),
  batches: chunks,
});

describe('composeReplicaNews', () => {
  it('writes what the generated encoder writes for the batches one after the other', () => {
    fc.assert(
      fc.property(fc.array(news, { maxLength: 4 }), (partitions) => {
        const whole = partitions.map(({ head, batches }) => ({ ...head, recordBatches: Uint8Array.from(Buffer.concat(batches)) }));
        const generated = ReplicateResponse.encode({ frame: { $case: 'news', value: { partitions: whole } } }).finish();
        expect(ReplicateResponse.decode(composedBytes(composeReplicaNews(partitions)))).toEqual(ReplicateResponse.decode(generated));
      }),
    );
  });
});

const fetchedPartition = fc.record({
  head: fc.record({
    topicId: fc.uuid(),
    partition: fc.nat(),
    highWatermark: offset,
    lastStableOffset: offset,
    logStartOffset: offset,
    abortedTransactions: fc.array(fc.record({ producerId: offset, firstOffset: offset }), { maxLength: 2 }),
  }),
  batches: chunks,
});

describe('encodeFetchResponse', () => {
  it('writes what the generated encoder writes for the batches one after the other', () => {
    fc.assert(
      fc.property(fc.array(fetchedPartition, { maxLength: 4 }), (partitions) => {
        const whole = partitions.map(({ head, batches }) => ({ ...head, recordBatches: Uint8Array.from(Buffer.concat(batches)) }));
        const generated = FetchResponse.encode({ partitions: whole }).finish();
        expect(FetchResponse.decode(Uint8Array.from(encodeFetchResponse(partitions)))).toEqual(FetchResponse.decode(generated));
      }),
    );
  });
});

describe('varintLength', () => {
  it.each([
    [0, 1],
    [0x7f, 1],
    [0x80, 2],
    [0x3fff, 2],
    [0x4000, 3],
    [0x20_0000, 4],
    [0x1000_0000, 5],
  ])('of %i is %i', (value, length) => {
    expect(varintLength(value)).toBe(length);
  });
});
