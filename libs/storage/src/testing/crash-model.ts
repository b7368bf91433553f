import { type Offset, partitionIndex } from '@moldau/kernel';
import type { LogDirectory } from '../log-directory.ts';
import type { LogDirectoryOptions } from '../options.ts';
import { type PartitionConfig, partitionConfig } from '../partition-config.ts';
import type { PartitionLog } from '../partition-log.ts';
import { CountedDisk } from './counted-disk.ts';
import type { StorageRig } from './storage-rig.ts';
import { EPOCH, makeBatch, partitionOf, TOPIC } from './storage-rig.ts';

interface Sent {
  readonly base: number;
  readonly end: number;
  readonly hex: string;
}

/** What must be true of one partition whatever happens. */
interface Expectation {
  batches: Sent[];
  /** Everything below was acknowledged: it must be there after a crash. */
  safe: number;
  /** Everything below was written: it must be there after a kill. */
  written: number;
  /** A truncation to here is under way: what lies above is not promised any more. */
  ceiling: number;
  /** The start lies between these: a move may be under way. */
  startMin: number;
  startMax: number;
}

const NONE = Number.POSITIVE_INFINITY;
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** A data directory with what its user knows of it. Operations stop where the process died; `restart` checks what is left. */
export class CrashModel {
  readonly rig: StorageRig;
  readonly partitions: number;
  readonly #config: Partial<PartitionConfig>;
  readonly #expected: Expectation[];
  #directory: LogDirectory | undefined;
  #dead: Promise<'dead'> = new Promise(() => {});
  #counter: CountedDisk | undefined;
  #isDead = false;
  #sequence = 0;
  /** Rises with each restart: what a dead process still says reaches nobody. */
  #life = 0;

  constructor(rig: StorageRig, partitions: number, config: Partial<PartitionConfig>) {
    this.rig = rig;
    this.partitions = partitions;
    this.#config = config;
    this.#expected = Array.from({ length: partitions }, () => ({
      batches: [],
      safe: 0,
      written: 0,
      ceiling: NONE,
      startMin: 0,
      startMax: 0,
    }));
  }

  /** Calls so far that changed something on the disk, in this life. */
  get calls(): number {
    return this.#counter?.calls ?? 0;
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  /** The process dies with the call after so many. */
  dieAfter(calls: number): void {
    this.#dead = new Promise((resolve) => {
      this.rig.wrap = (disk) => {
        this.#counter = new CountedDisk(disk, calls, () => {
          this.#isDead = true;
          resolve('dead');
        });
        return this.#counter;
      };
    });
  }

  /** Opens the directory and makes the partitions that are not there. */
  async start(settings: Partial<LogDirectoryOptions> = {}): Promise<void> {
    this.#directory = undefined;
    const opened = await this.#attempt(() => this.rig.opening(settings));
    if (opened === undefined) return;
    this.#directory = opened;
    const config = partitionConfig(this.#config);
    await this.#attempt(() => Promise.all(this.#all().map((index) => opened.createPartition(TOPIC, partitionIndex(index), config))));
    if (this.#isDead) return;
    for (const index of this.#all()) this.#watch(index);
  }

  /** Appends a batch; does not wait. */
  append(partition: number, records: number, valueBytes: number): void {
    const log = this.#log(partition);
    if (log === undefined || log.status.kind !== 'online') return;
    const batch = makeBatch(records, { valueBytes, text: `p${partition} #${this.#sequence++}` });
    const { baseOffset, end } = log.append(batch, { leaderEpoch: EPOCH });
    this.#expectation(partition).batches.push({ base: baseOffset, end, hex: hex(batch) });
  }

  roll(partition: number): void {
    if (this.#log(partition)?.status.kind === 'online') this.#log(partition)?.roll();
  }

  /** The leader commits what is flushed. */
  commit(partition: number): void {
    const log = this.#log(partition);
    if (log !== undefined) log.advanceHighWatermark(log.flushedEnd);
  }

  /** Cuts off the last so many batches, as far as they are not committed. */
  async truncate(partition: number, batches: number): Promise<void> {
    const log = this.#log(partition);
    const expected = this.#expectation(partition);
    const target = expected.batches.at(-batches)?.base ?? log?.endOffset;
    if (log === undefined || target === undefined || target < Math.max(log.highWatermark, log.startOffset)) return;
    expected.safe = Math.min(expected.safe, target);
    expected.written = Math.min(expected.written, target);
    expected.ceiling = target;
    const done = await this.#attempt(async () => {
      await log.truncateTo(target as Offset);
      return true;
    });
    if (done !== true) return;
    expected.batches = expected.batches.filter(({ end }) => end <= target);
    expected.ceiling = NONE;
  }

  async deleteRecords(partition: number, share: number): Promise<void> {
    const log = this.#log(partition);
    const expected = this.#expectation(partition);
    if (log === undefined) return;
    const target = Math.floor(log.startOffset + (log.highWatermark - log.startOffset) * share);
    expected.startMax = Math.max(expected.startMax, target);
    const done = await this.#attempt(async () => {
      await log.deleteRecordsBefore(target as Offset);
      return true;
    });
    if (done === true) expected.startMin = expected.startMax;
  }

  /** Lets everything under way end. */
  async settle(): Promise<void> {
    await this.rig.idle();
  }

  async pass(ms: number): Promise<void> {
    await this.rig.scheduler.runFor(ms);
  }

  async close(): Promise<void> {
    const directory = this.#directory;
    if (directory !== undefined) await this.#attempt(() => directory.close());
  }

  /** The machine loses its power, or only the process dies; then the directory is opened again and checked. */
  async restart(how: 'torn' | 'clean-cut' | 'kill' | 'closed'): Promise<void> {
    if (how === 'closed') await this.close();
    this.#life += 1;
    for (const expected of this.#expected) {
      if (how === 'kill' || how === 'closed') expected.safe = Math.max(expected.safe, expected.written);
      else expected.written = expected.safe;
      expected.ceiling = NONE;
    }
    if (how === 'kill' || how === 'closed') this.rig.kill();
    else this.rig.crash({ torn: how === 'torn' });
    this.#isDead = false;
    this.dieAfter(Number.POSITIVE_INFINITY);
    await this.start();
    await this.check();
  }

  /** Reads everything and compares. */
  async check(): Promise<void> {
    for (const index of this.#all()) await this.#checkPartition(index);
  }

  async #checkPartition(index: number): Promise<void> {
    const log = this.#log(index);
    const expected = this.#expectation(index);
    if (log === undefined) throw new Error('the directory is closed');
    if (log.status.kind !== 'online') throw new Error(`partition ${index} is ${JSON.stringify(log.status)}`);
    if (log.endOffset < expected.safe) throw new Error(`partition ${index} ends at ${log.endOffset}; ${expected.safe} was acknowledged`);
    if (log.startOffset < expected.startMin || log.startOffset > expected.startMax) {
      throw new Error(`partition ${index} starts at ${log.startOffset}, not within ${expected.startMin} to ${expected.startMax}`);
    }
    const { startOffset, endOffset } = log;
    const wanted = expected.batches.filter(({ base, end }) => end > startOffset && base < endOffset);
    const found = (await this.rig.readAll(log)).map(hex);
    if (found.join() !== wanted.map((sent) => sent.hex).join() || (wanted.at(-1)?.end ?? startOffset) !== endOffset) {
      throw new Error(
        `partition ${index} has ${found.length} batches up to ${endOffset}, expected ${wanted.length} up to ${wanted.at(-1)?.end}`,
      );
    }
    expected.batches = expected.batches.filter(({ end }) => end <= endOffset);
    expected.startMin = startOffset;
    expected.startMax = startOffset;
  }

  #watch(index: number): void {
    const log = this.#log(index);
    const expected = this.#expectation(index);
    if (log === undefined) return;
    const life = this.#life;
    log.onProgress = (changed, progress) => {
      if (progress.kind !== 'advanced' || life !== this.#life) return;
      expected.safe = Math.max(expected.safe, Math.min(changed.flushedEnd, expected.ceiling));
      expected.written = Math.max(expected.written, Math.min(changed.writtenEnd, expected.ceiling));
    };
  }

  #log(index: number): PartitionLog | undefined {
    return this.#directory === undefined || this.#isDead ? undefined : partitionOf(this.#directory, index);
  }

  #expectation(index: number): Expectation {
    const expected = this.#expected[index];
    if (expected === undefined) throw new Error(`no partition ${index}`);
    return expected;
  }

  #all(): number[] {
    return Array.from({ length: this.partitions }, (_, index) => index);
  }

  /** Runs an operation to its end or the process's. */
  async #attempt<Result>(operation: () => Promise<Result>): Promise<Result | undefined> {
    if (this.#isDead) return undefined;
    const result = await this.rig.until(Promise.race([operation(), this.#dead]));
    return result === 'dead' ? undefined : result;
  }
}
