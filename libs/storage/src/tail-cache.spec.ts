import { SeededRandom } from '@moldau/testkit';
import { describe, expect, it } from 'vitest';
import { Tail, type TailRead } from './tail.ts';
import { TailCache } from './tail-cache.ts';
import { holdEntries, type TailEntry } from './tail-slab.ts';
import { makeBatch } from './testing/storage-rig.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const BATCH_LENGTH_OFFSET = 8;
const BATCH = makeBatch(1, { valueBytes: 3000 });

/** A log of which only the memory matters: a batch's first eight bytes are its offset, as in a real one. */
class Log {
  readonly tail: Tail;
  writtenEnd = 0;
  endOffset = 0;
  /** What was appended, by offset: one record each. */
  readonly expected: Uint8Array[] = [];

  constructor(cache: TailCache) {
    this.tail = new Tail(cache, () => this.writtenEnd);
  }

  append(batches: readonly Uint8Array[]): readonly TailEntry[] {
    const bytes = Buffer.concat(batches);
    let at = 0;
    const base = this.endOffset;
    for (const batch of batches) {
      bytes.writeBigInt64BE(BigInt(this.endOffset++), at);
      this.expected.push(new Uint8Array(bytes.subarray(at, at + batch.length)));
      at += batch.length;
    }
    const entries = this.tail.append(bytes, base, this.endOffset);
    // A message's memory is somebody else's by the next turn.
    bytes.fill(0xee);
    return entries;
  }

  truncate(offset: number): void {
    this.tail.truncate(offset);
    this.endOffset = offset;
    this.expected.length = offset;
  }
}

function batchOf(random: SeededRandom, bytesMax: number): Uint8Array {
  const batch = new Uint8Array(makeBatch(1, { valueBytes: 1 + Math.floor(random.fraction() ** 4 * bytesMax) }));
  // What is behind the length is anything.
  for (let at = 61; at < batch.length; at += 97) batch[at] = Math.floor(random.fraction() * 256);
  expect(new DataView(batch.buffer).getInt32(BATCH_LENGTH_OFFSET)).toBe(batch.length - 12);
  return batch;
}

interface Held {
  readonly bytes: Buffer;
  readonly now: () => Buffer;
  readonly release: () => void;
}

function heldRead({ batches, release }: TailRead): Held {
  return { bytes: Buffer.concat(batches), now: () => Buffer.concat(batches), release };
}

function heldWrite(entries: readonly TailEntry[]): Held {
  const chunks = entries.map(({ bytes }) => bytes);
  return { bytes: Buffer.concat(chunks), now: () => Buffer.concat(chunks), release: holdEntries(entries) };
}

/** Random appends, writes, reads, truncations and budgets; nobody who holds bytes may see them change. */
function live(seed: number, steps: number): { readonly givenUp: number; readonly evictedReads: number } {
  const random = new SeededRandom(seed);
  let givenUp = 0;
  const cache = new TailCache(random.pick([0, 1000, 16 * KIB, 256 * KIB, MIB]), () => (givenUp += 1));
  const logs = Array.from({ length: 1 + Math.floor(random.fraction() * 20) }, () => new Log(cache));
  const held: Held[] = [];
  let evictedReads = 0;
  const bytesMax = random.pick([500, 5 * KIB, 100 * KIB]);
  for (let step = 0; step < steps; step++) {
    const log = random.pick(logs);
    const dice = random.fraction();
    if (dice < 0.5) {
      const count = random.pick([1, 1, 1, 20]);
      const entries = log.append(Array.from({ length: count }, () => batchOf(random, bytesMax)));
      expect(entries.at(-1)?.endOffset).toBe(log.endOffset);
      if (random.fraction() < 0.1) held.push(heldWrite(entries));
    } else if (dice < 0.7) {
      log.writtenEnd = random.fraction() < 0.8 ? log.endOffset : Math.max(log.writtenEnd, Math.floor(log.endOffset * random.fraction()));
      cache.evict();
    } else if (dice < 0.9) {
      const from = Math.floor(log.endOffset * random.fraction() ** 0.3);
      const found = log.tail.read(from, 1 + Math.floor(random.fraction() * 100 * KIB), log.endOffset);
      if (found === undefined) {
        evictedReads += 1;
        // Only what is in a segment file may be missed.
        expect(from < log.writtenEnd || from === log.endOffset).toBe(true);
      } else {
        expect(Buffer.concat(found.batches).equals(Buffer.concat(log.expected.slice(from, found.nextOffset)))).toBe(true);
        if (random.fraction() < 0.3) held.push(heldRead(found));
        else found.release();
      }
    } else if (dice < 0.95) {
      const at = Math.floor(random.fraction() * held.length);
      for (const { bytes, now, release } of held.splice(at, 3)) {
        expect(now().equals(bytes)).toBe(true);
        release();
      }
    } else if (dice < 0.97) {
      // As a log does: it writes all first.
      log.truncate(Math.floor(log.endOffset * random.fraction()));
      log.writtenEnd = log.endOffset;
    } else if (dice < 0.98) {
      log.tail.dropBefore(Math.floor(log.endOffset * random.fraction()));
    } else if (dice < 0.99) {
      const target = random.pick([0, 1000, 16 * KIB, 256 * KIB, MIB]);
      while (!cache.resizeTowards(target));
    } else {
      for (const each of held) expect(each.now().equals(each.bytes)).toBe(true);
    }
    if (step % 10 === 0) checkAccounts(cache, logs);
  }
  for (const each of held) {
    expect(each.now().equals(each.bytes)).toBe(true);
    each.release();
  }
  expect(cache.heldSlabs).toBe(0);
  for (const log of logs) log.tail.clear();
  expect(cache.bytes).toBe(0);
  while (!cache.resizeTowards(0));
  // One slab may always be there.
  expect(cache.allocatedBytes).toBeLessThanOrEqual(4 * KIB);
  return { givenUp, evictedReads };
}

function checkAccounts(cache: TailCache, logs: readonly Log[]): void {
  let inTails = 0;
  for (const { tail, expected } of logs) {
    for (let offset = tail.startOffset ?? expected.length; offset < expected.length; offset++) inTails += expected[offset]?.length ?? 0;
  }
  expect(cache.bytes).toBe(inTails);
  expect(cache.allocatedBytes).toBeGreaterThanOrEqual(cache.bytes);
}

describe('the tail cache', () => {
  it('never changes bytes that somebody reads or writes, and counts what it has, whatever happens', () => {
    let givenUp = 0;
    let evictedReads = 0;
    for (let seed = 1; seed <= 40; seed++) {
      const result = live(seed, 300);
      givenUp += result.givenUp;
      evictedReads += result.evictedReads;
    }
    expect(givenUp).toBeGreaterThan(0);
    expect(evictedReads).toBeGreaterThan(0);
  });

  it('uses the oldest memory again, within the budget, when nobody reads it', () => {
    let givenUp = 0;
    const cache = new TailCache(MIB, () => (givenUp += 1));
    const logs = [new Log(cache), new Log(cache), new Log(cache)];
    const memories = new Set<ArrayBufferLike>();
    for (let round = 0; round < 2000; round++) {
      for (const log of logs) {
        for (const { bytes } of log.append([BATCH])) memories.add(bytes.buffer);
        log.writtenEnd = log.endOffset;
      }
    }
    expect(memories.size).toBe(16);
    expect(cache.allocatedBytes).toBe(MIB);
    expect(cache.bytes).toBeGreaterThan(0.8 * MIB);
    expect(givenUp).toBe(0);
  });

  it('keeps the newest of all partitions, also of one that is written to seldom', () => {
    const cache = new TailCache(MIB, () => {});
    const [busy, quiet] = [new Log(cache), new Log(cache)];
    const append = (log: Log, times: number): void => {
      for (let count = 0; count < times; count++) {
        log.append([BATCH]);
        log.writtenEnd = log.endOffset;
      }
    };
    append(busy, 1000);
    append(quiet, 1);
    append(busy, 200);
    expect(quiet.tail.startOffset).toBe(0);
    append(busy, 400);
    expect(quiet.tail.startOffset).toBeUndefined();
  });

  it('gives memory up when a reader keeps it, and stays within its budget otherwise', () => {
    let givenUp = 0;
    const cache = new TailCache(MIB, () => (givenUp += 1));
    const log = new Log(cache);
    const kept: Held[] = [];
    for (let round = 0; round < 5000; round++) {
      log.append([BATCH]);
      log.writtenEnd = log.endOffset;
      const found = log.tail.read(round, 1, log.endOffset);
      if (found !== undefined && round % 100 === 0) kept.push(heldRead(found));
      else found?.release();
      expect(cache.allocatedBytes).toBeLessThanOrEqual(MIB);
    }
    expect(givenUp).toBeGreaterThan(20);
    for (const { bytes, now, release } of kept) {
      expect(now().equals(bytes)).toBe(true);
      release();
    }
    expect(cache.heldSlabs).toBe(0);
  });

  it('moves the few batches that wait to be written together rather than grow', () => {
    const cache = new TailCache(MIB, () => {});
    const [written, waiting] = [new Log(cache), new Log(cache)];
    for (let round = 0; round < 5000; round++) {
      written.append([BATCH]);
      written.writtenEnd = written.endOffset;
      if (round % 100 === 0) waiting.append([makeBatch(1, { valueBytes: 1000, text: `w${round}` })]);
    }
    expect(cache.allocatedBytes).toBe(MIB);
    const found = waiting.tail.read(0, MIB, waiting.endOffset);
    expect(found?.nextOffset).toBe(50);
    expect(Buffer.concat(found?.batches ?? []).equals(Buffer.concat(waiting.expected))).toBe(true);
    found?.release();
  });

  it('shows who releases twice', () => {
    const log = new Log(new TailCache(MIB, () => {}));
    log.append([makeBatch(1)]);
    const found = log.tail.read(0, 1, 1);
    found?.release();
    expect(() => found?.release()).toThrow('once');
  });
});
