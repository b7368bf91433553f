/** Rates of the hot paths on one core: `node records.bench.ts`. */
import { BatchBufferPool } from './batch-buffer-pool.ts';
import { compress, decompress } from './compression/codecs.ts';
import { crc32c } from './crc32c.ts';
import { partitionForKey } from './murmur2.ts';
import { RecordBatchBuilder } from './record-batch-builder.ts';
import { readBatch } from './record-batch-reader.ts';
import { validateBatch } from './validate-batch.ts';

const BATCH_BYTES = 64 * 1024;
const LIMITS = { targetBytes: BATCH_BYTES, maxBytes: 1024 * 1024 };
const ROUNDS = 5;
const ROUND_MS = 400;

/** Runs `work`, which does `amount` things a call and returns something it found, and prints the median rate of the rounds. */
function report(name: string, unit: string, amount: number, work: () => number): void {
  const rates: number[] = [];
  let found = 0;
  for (let round = 0; round <= ROUNDS; round++) {
    const start = performance.now();
    let calls = 0;
    while (performance.now() - start < ROUND_MS) {
      found += work();
      calls += 1;
    }
    if (round > 0) rates.push((calls * amount * 1000) / (performance.now() - start));
  }
  if (found === 0) throw new Error(`${name} found nothing`);
  rates.sort((a, b) => a - b);
  const rate = Math.round(rates[ROUNDS >> 1]!).toLocaleString('en');
  process.stdout.write(`${name.padEnd(52)} ${rate.padStart(11)} ${unit}/s\n`);
}

function benchRecords(valueBytes: number, withKey: boolean): void {
  const value = Buffer.alloc(valueBytes, 'moldau');
  const key = withKey ? Buffer.from('key-000042') : null;
  const pool = new BatchBufferPool(BATCH_BYTES, 4);
  const builder = new RecordBatchBuilder(LIMITS, pool);
  const encode = (): Buffer => {
    let index = 0;
    while (builder.append(1_700_000_000_000 + (index & 63), key, value)) index += 1;
    return builder.build();
  };
  const batch = Buffer.from(encode());
  const { count } = readBatch(batch);
  const label = `${valueBytes} B${withKey ? ', 10 B key' : ''}`;
  report(`encode ${label}`, 'records', count, () => {
    const built = encode();
    pool.give(built);
    return built.length;
  });
  report(`decode ${label}, value touched, CRC checked`, 'records', count, () => {
    let seen = 0;
    for (const record of readBatch(batch)) seen += record.value?.length ?? 0;
    return seen;
  });
  report(`validate 64 KiB of ${label}`, 'batches', 1, () => validateBatch(batch, 0, { origin: 'client', maxBytes: BATCH_BYTES }));
}

benchRecords(100, false);
benchRecords(100, true);
benchRecords(1024, false);

const block = Buffer.alloc(BATCH_BYTES, 'the quick brown fox jumps over the lazy dog 0123456789 ');
report('CRC-32C of 64 KiB', 'MB', BATCH_BYTES / 1e6, () => crc32c(block));
const key = Buffer.from('a-key-of-20-bytes-xx');
report('partition for a 20 B key', 'keys', 1000, () => {
  let seen = 0;
  for (let index = 0; index < 1000; index++) seen += partitionForKey(key, 7);
  return seen;
});

const user = (id: number): string => JSON.stringify({ id, name: `user-${(id * 7919) % 10_007}`, x: id ** 3 });
const text = Buffer.from(Array.from({ length: 1500 }, (_, id) => user(id)).join(''));
for (const codec of ['gzip', 'snappy', 'lz4', 'zstd'] as const) {
  const packed = compress(codec, text);
  report(
    `${codec} compress (ratio ${(text.length / packed.length).toFixed(1)})`,
    'MB',
    text.length / 1e6,
    () => compress(codec, text).length,
  );
  report(`${codec} decompress`, 'MB', text.length / 1e6, () => decompress(codec, packed, text.length).length);
}
