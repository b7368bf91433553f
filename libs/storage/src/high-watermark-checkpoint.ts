import type { Disk, DiskFile, Scheduler } from '@moldau/kernel';
import { ByteReader, ByteWriter } from './byte-codec.ts';
import { isDiskError, nextTurn, readWhole } from './disk-calls.ts';
import { HIGH_WATERMARK_FILES } from './paths.ts';
import { Serial } from './serial.ts';
import { decodeSideFile, encodeSideFile } from './side-file.ts';
import { inSteps, PARTITIONS_PER_STEP } from './steps.ts';

/** What the checkpoint keeps of one log. */
export interface CheckpointEntry {
  readonly key: string;
  readonly logId: string;
  readonly highWatermark: number;
  /** Leader epoch of the batch below the high watermark; −1 for none. No earlier batch may have a higher one. */
  readonly epoch: number;
  /** Where that epoch began; −1 for none. */
  readonly epochStart: number;
}

/** What was found at start. */
export interface ReadCheckpoint {
  /** By log id. */
  readonly entries: ReadonlyMap<string, CheckpointEntry>;
  /** The same by partition. */
  readonly byKey: ReadonlyMap<string, CheckpointEntry>;
  /** False when there are files but none is good: no high watermark is known, so nothing may be cut. */
  readonly known: boolean;
  readonly sequence: number;
}

/**
 * The high watermarks of all logs, in two files written in turn, each whole, so that a torn write leaves the other.
 *
 *   payload: sequence int64, count int32, then per log key, log id, high watermark int64, epoch int32,
 *            start of the epoch int64
 */
export class HighWatermarkCheckpoint {
  readonly #disk: Disk;
  readonly #scheduler: Scheduler;
  readonly #root: string;
  /** Walked through in steps: each entry is of the moment it is asked for. */
  readonly #collect: () => Iterable<CheckpointEntry>;
  readonly #serial = new Serial();
  #sequence: number;
  #waiting: Promise<void> | undefined;
  /** Set when a high watermark moves. */
  dirty = false;

  constructor(disk: Disk, scheduler: Scheduler, root: string, sequence: number, collect: () => Iterable<CheckpointEntry>) {
    this.#disk = disk;
    this.#scheduler = scheduler;
    this.#root = root;
    this.#sequence = sequence;
    this.#collect = collect;
  }

  /** Makes the high watermarks of now durable; calls that wait share one write. */
  write(): Promise<void> {
    this.#waiting ??= this.#serial.run(() => {
      this.#waiting = undefined;
      return this.#writeNow();
    });
    return this.#waiting;
  }

  async #writeNow(): Promise<void> {
    this.dirty = false;
    const sequence = this.#sequence + 1;
    const name = HIGH_WATERMARK_FILES[sequence % 2 === 0 ? 0 : 1];
    try {
      const bytes = encodeSideFile('highWatermarks', await encodeCheckpoint(this.#scheduler, sequence, this.#collect()));
      await this.#overwrite(`${this.#root}/${name}`, bytes);
      this.#sequence = sequence;
    } catch (error) {
      this.dirty = true;
      throw error;
    }
  }

  async #overwrite(path: string, bytes: Uint8Array): Promise<void> {
    const { file, isNew } = await this.#openFile(path);
    try {
      await file.write([bytes], 0);
      await file.truncate(bytes.length);
      await file.sync();
    } finally {
      await file.close();
    }
    if (isNew) await this.#disk.syncDirectory(this.#root);
  }

  async #openFile(path: string): Promise<{ readonly file: DiskFile; readonly isNew: boolean }> {
    try {
      return { file: await this.#disk.open(path, 'write'), isNew: false };
    } catch (error) {
      if (!isDiskError(error, 'not-found')) throw error;
    }
    return { file: await this.#disk.open(path, 'create'), isNew: true };
  }
}

export async function readCheckpoint(disk: Disk, scheduler: Scheduler, root: string): Promise<ReadCheckpoint> {
  let best: ReadCheckpoint = { entries: new Map(), byKey: new Map(), known: true, sequence: 0 };
  let damaged = false;
  for (const name of HIGH_WATERMARK_FILES) {
    const file = decodeSideFile('highWatermarks', await readWhole(disk, `${root}/${name}`));
    if (file.kind === 'valid') {
      const found = await decodeCheckpoint(scheduler, file.content, best.sequence);
      if (found !== undefined) best = found;
    } else if (file.kind !== 'absent') {
      damaged = true;
    }
  }
  return best.sequence === 0 && damaged ? { ...best, known: false } : best;
}

async function encodeCheckpoint(scheduler: Scheduler, sequence: number, entries: Iterable<CheckpointEntry>): Promise<Uint8Array> {
  const body = new ByteWriter();
  let count = 0;
  await inSteps(scheduler, entries, ({ key, logId, highWatermark, epoch, epochStart }) => {
    count += 1;
    body.text(key);
    body.text(logId);
    body.int64(highWatermark);
    body.int32(epoch);
    body.int64(epochStart);
  });
  const writer = new ByteWriter();
  writer.int64(sequence);
  writer.int32(count);
  writer.raw(body.finish());
  return writer.finish();
}

/** Undefined when it is not newer than `sequence`. */
async function decodeCheckpoint(scheduler: Scheduler, payload: Uint8Array, newerThan: number): Promise<ReadCheckpoint | undefined> {
  const reader = new ByteReader(payload);
  const sequence = reader.int64();
  if (sequence <= newerThan) return undefined;
  const entries = new Map<string, CheckpointEntry>();
  const byKey = new Map<string, CheckpointEntry>();
  for (let left = reader.int32(); left > 0; left--) {
    const entry = {
      key: reader.text(),
      logId: reader.text(),
      highWatermark: reader.int64(),
      epoch: reader.int32(),
      epochStart: reader.int64(),
    };
    entries.set(entry.logId, entry);
    byKey.set(entry.key, entry);
    if (left % PARTITIONS_PER_STEP === 0) await nextTurn(scheduler);
  }
  return { entries, byKey, known: true, sequence };
}
