import { createPayloads } from '@moldau/load';
import { BATCH_HEADER_BYTES, crc32c, RecordBatchBuilder, readBatch, validateBatch } from '@moldau/records';
import { spreadOf } from '../measure/statistics.ts';
import type { Figure } from '../report/figure.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import { AppendLoop } from './append-loop.ts';

const BATCH_BYTES = 64 * 1024;
const BATCH_BYTES_MAX = 1024 * 1024;
const ROUND_MS = 300;
const BYTES_PER_MEGABYTE = 1024 * 1024;

/** The inner loops alone, on one core, without a network or a disk. */
export const micro: Scenario = {
  name: 'micro',
  description: 'encode, decode, check, CRC and append of record batches',
  async run(context) {
    const figures: Figure[] = [];
    await using log = await AppendLoop.open();
    for (const size of [100, 1024]) {
      const batch = batchOf(size);
      const count = readBatch(batch).count;
      const add = (name: string, unit: string, once: () => unknown, amount: number): void => {
        const rates = Array.from({ length: context.runs }, () => rateOf(once) * amount);
        figures.push({ group: 'Inner loops, one core', name: `${name}, ${size} B`, unit, ours: spreadOf(rates) });
      };
      add('encode', 'records/s', () => batchOf(size), count);
      add('decode, values touched', 'records/s', () => touch(batch), count);
      add(
        'check a batch as the broker does',
        'batches/s',
        () => validateBatch(batch, 0, { origin: 'client', maxBytes: BATCH_BYTES_MAX }),
        1,
      );
      add('CRC-32C', 'MB/s', () => crc32c(batch), batch.length / BYTES_PER_MEGABYTE);
      const appended: number[] = [];
      for (let run = 0; run <= context.runs; run++) {
        const rate = await appendRate(log, batch);
        if (run > 0) appended.push(rate);
      }
      figures.push({
        group: 'Inner loops, one core',
        name: `append to a log and commit, no disk, ${size} B`,
        unit: 'batches/s',
        ours: spreadOf(appended),
      });
    }
    return figures;
  },
};

function batchOf(size: number): Uint8Array {
  const builder = new RecordBatchBuilder({ targetBytes: BATCH_BYTES, maxBytes: BATCH_BYTES_MAX });
  const payload = payloads.get(size) ?? createPayloads(size);
  payloads.set(size, payload);
  for (let index = 0; builder.append(0, null, payload(index)); index++);
  return builder.build();
}

const payloads = new Map<number, (index: number) => Uint8Array>();

function touch(batch: Uint8Array): number {
  let bytes = BATCH_HEADER_BYTES;
  for (const record of readBatch(batch)) bytes += record.value?.length ?? 0;
  return bytes;
}

/** Batches per second through append and group commit. */
async function appendRate(log: AppendLoop, batch: Uint8Array): Promise<number> {
  const startedAt = performance.now();
  let batches = 0;
  while (performance.now() - startedAt < ROUND_MS) batches += await log.round(batch);
  return (batches * 1000) / (performance.now() - startedAt);
}

/** Calls per second, after a round to warm up. */
function rateOf(once: () => unknown): number {
  const round = (): number => {
    const startedAt = performance.now();
    let calls = 0;
    while (performance.now() - startedAt < ROUND_MS) {
      once();
      calls++;
    }
    return (calls * 1000) / (performance.now() - startedAt);
  };
  round();
  return round();
}
