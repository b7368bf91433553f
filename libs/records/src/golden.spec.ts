import { readFileSync } from 'node:fs';
import { COMPRESSION_NAMES, type CompressionName, type LeaderEpoch, type Offset } from '@moldau/kernel';
import { describe, expect, it } from 'vitest';
import {
  type BatchFields,
  baseTimestampAt,
  buildTransactionMarker,
  lastOffsetAt,
  lastSequenceAt,
  murmur2,
  partitionForKey,
  RecordBatchBuilder,
  readBatch,
  readBatchHeader,
  stampLogAppendTime,
  stampPosition,
  transactionMarkerOf,
  validateBatch,
} from './index.ts';

/** Bytes in hex, a repeated unit, or reproducible noise; see golden/README.md. */
type GoldenBytes = string | { readonly repeat: string; readonly times: number } | { readonly noise: number; readonly length: number };

interface GoldenBatch {
  readonly name: string;
  readonly header: {
    readonly baseOffset: number;
    readonly sizeInBytes: number;
    readonly partitionLeaderEpoch: number;
    readonly crc: number;
    readonly compression: CompressionName;
    readonly timestampType: string;
    readonly transactional: boolean;
    readonly control: boolean;
    readonly deleteHorizonMs: number | null;
    readonly lastOffset: number;
    readonly maxTimestamp: number;
    readonly producerId: number;
    readonly producerEpoch: number;
    readonly baseSequence: number;
    readonly lastSequence: number;
    readonly count: number;
  };
  readonly marker?: { readonly outcome: 'commit' | 'abort'; readonly coordinatorEpoch: number };
  readonly records: readonly [number, number, GoldenBytes | null, GoldenBytes | null, readonly [string, GoldenBytes | null][]][];
  readonly hex: string;
}

interface Golden {
  readonly batches: readonly GoldenBatch[];
  readonly keys: readonly { readonly key: GoldenBytes; readonly murmur2: number; readonly of6: number; readonly of1000: number }[];
}

const golden = JSON.parse(readFileSync(new URL('../golden/golden.json', import.meta.url), 'utf8')) as Golden;

function expand(bytes: GoldenBytes): Buffer {
  if (typeof bytes === 'string') return Buffer.from(bytes, 'hex');
  if ('repeat' in bytes) return Buffer.alloc(bytes.repeat.length * 0.5 * bytes.times, bytes.repeat, 'hex');
  let state = BigInt(bytes.noise);
  return Buffer.from(
    Array.from({ length: bytes.length }, () => {
      state = (state * 1_103_515_245n + 12_345n) & 0x7fff_ffffn;
      return Number((state >> 16n) & 0xffn);
    }),
  );
}

const nullable = (bytes: GoldenBytes | null): Buffer | null => (bytes === null ? null : expand(bytes));

/** The batch written again from its records and fields. */
function encodeAgain(batch: GoldenBatch): Buffer {
  const { header } = batch;
  const builder = new RecordBatchBuilder({ targetBytes: 1 << 20, maxBytes: 1 << 20 });
  if (header.deleteHorizonMs !== null) builder.setBaseTimestamp(header.deleteHorizonMs);
  batch.records.forEach(([offset, timestamp, key, value, headers]) => {
    const own = headers.map(([name, content]) => ({ key: name, value: nullable(content) }));
    builder.appendAt(offset - header.baseOffset, timestamp, nullable(key), nullable(value), own);
  });
  const fields: BatchFields = {
    compression: header.compression,
    baseOffset: header.baseOffset,
    partitionLeaderEpoch: header.partitionLeaderEpoch,
    producerId: header.producerId,
    producerEpoch: header.producerEpoch,
    baseSequence: header.baseSequence,
    transactional: header.transactional,
    control: header.control,
    hasDeleteHorizon: header.deleteHorizonMs !== null,
    lastOffsetDelta: header.lastOffset - header.baseOffset,
    maxTimestamp: header.maxTimestamp,
  };
  return builder.build(fields);
}

function expectSameRecords(bytes: Uint8Array, batch: GoldenBatch): void {
  const records = [...readBatch(bytes)];
  expect(records.length).toBe(batch.records.length);
  records.forEach((record, index) => {
    const [offset, timestamp, key, value, headers] = batch.records[index]!;
    expect([record.offset, record.timestamp]).toEqual([offset, timestamp]);
    expect(record.key?.toString('hex')).toBe(nullable(key)?.toString('hex'));
    expect(record.value?.toString('hex')).toBe(nullable(value)?.toString('hex'));
    expect(record.headers.map((header) => [header.key, header.value?.toString('hex')])).toEqual(
      headers.map(([name, content]) => [name, nullable(content)?.toString('hex')]),
    );
  });
}

describe.each(golden.batches)('the batch of Kafka "$name"', (batch) => {
  const bytes = Buffer.from(batch.hex, 'hex');

  it('passes validation and has the header that Kafka reads', () => {
    expect(validateBatch(bytes, 0, { origin: 'log', maxBytes: 1 << 20 })).toBe(bytes.length);
    const { magic, lastOffsetDelta, baseTimestamp, deleteHorizonMs, ...header } = readBatchHeader(bytes);
    const { lastOffset, lastSequence, deleteHorizonMs: horizon, ...expected } = batch.header;
    expect(header).toEqual(expected);
    expect([magic, deleteHorizonMs ?? null]).toEqual([2, horizon]);
    expect([lastOffsetAt(bytes, 0), lastSequenceAt(bytes, 0)]).toEqual([lastOffset, lastSequence]);
    expect([header.baseOffset + lastOffsetDelta, baseTimestampAt(bytes, 0)]).toEqual([lastOffset, baseTimestamp]);
  });

  it('decodes to the records that Kafka was given', () => {
    expectSameRecords(bytes, batch);
  });

  it('decodes in the middle of a larger buffer', () => {
    const placed = Buffer.concat([Buffer.alloc(13, 0xee), bytes, Buffer.alloc(7, 0xee)]);
    expect([...readBatch(placed, 13)].length).toBe(batch.records.length);
  });
});

const createTime = golden.batches.filter(({ header }) => header.timestampType === 'CreateTime');

describe.each(createTime)('the batch of Kafka "$name", encoded again', (batch) => {
  const again = encodeAgain(batch);

  it('decodes to the same records', () => {
    expectSameRecords(again, batch);
  });

  it('has the same bytes, or when compressed about as many', () => {
    if (batch.header.compression === 'none') expect(again.toString('hex')).toBe(batch.hex);
    expect(again.length).toBeLessThan(batch.header.sizeInBytes * 1.25 + 64);
  });
});

describe.each(golden.batches.filter(({ marker }) => marker !== undefined))('the $name of Kafka', ({ header, hex, marker }) => {
  const bytes = Buffer.from(hex, 'hex');

  it('is decoded', () => {
    expect(transactionMarkerOf(readBatch(bytes).readNext()!)).toEqual(marker);
  });

  it('is encoded to the same bytes', () => {
    const { producerId, producerEpoch, baseOffset, partitionLeaderEpoch } = header;
    const fields = { timestamp: header.maxTimestamp, producerId, producerEpoch, baseOffset, partitionLeaderEpoch };
    expect(buildTransactionMarker(marker!, fields).toString('hex')).toBe(hex);
  });
});

describe('the golden batches', () => {
  const named = (name: string): GoldenBatch => golden.batches.find((batch) => batch.name === name)!;

  it("show the same LogAppendTime stamp on our batch as on Kafka's", () => {
    const source = named('mixed records, none');
    const ours = encodeAgain(source);
    stampLogAppendTime(ours, 0, named('LogAppendTime').header.maxTimestamp);
    expect(ours.toString('hex')).toBe(named('LogAppendTime').hex);
  });

  it('keep their CRC when they get their place in a log', () => {
    const bytes = Buffer.from(named('many records, zstd').hex, 'hex');
    stampPosition(bytes, 0, 8_000_000_000 as Offset, 4 as LeaderEpoch);
    validateBatch(bytes, 0, { origin: 'log', maxBytes: bytes.length });
    expect(readBatch(bytes).readNext()?.offset).toBe(8_000_000_000);
  });

  it('cover every codec', () => {
    expect(new Set(golden.batches.map(({ header }) => header.compression))).toEqual(new Set(COMPRESSION_NAMES));
  });
});

describe('murmur2', () => {
  it.each(golden.keys)('hashes %j as Kafka does, and so finds the same partition', ({ key, murmur2: hash, of6, of1000 }) => {
    const bytes = expand(key);
    expect([murmur2(bytes), partitionForKey(bytes, 6), partitionForKey(bytes, 1000)]).toEqual([hash, of6, of1000]);
  });
});
