import { type StagedChange, type StateImage, unavailable } from '@moldau/cluster/memory';
import { assert, type Disk, type DiskFile, type Logger, type Scheduler } from '@moldau/kernel';
import { ByteWriter } from './byte-cursor.ts';
import { logName, readLayout } from './directory-layout.ts';
import { encodeRecord, MARK_REVISION } from './log-record.ts';
import { createLog, type Recovered, removeOlder } from './recovery.ts';
import { writeSnapshot } from './snapshot-file.ts';

/** Bytes of one round of group commit; what waits behind it is the next round's. */
const ROUND_BYTES_MAX = 4 * 1024 * 1024;
/**
 * A snapshot is taken when the logs behind the last one are larger than it, and at least this: so its cost, spread over the
 * transactions between, does not grow with the state, and recovery reads at most about twice the state.
 */
const SNAPSHOT_LOG_BYTES_MIN = 4 * 1024 * 1024;

export interface ChangeLogDeps {
  readonly disk: Disk;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
}

interface Waiter {
  readonly change: StagedChange;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** The log of transactions, written by group commit: one round in flight, all that came meanwhile share the next. */
export class ChangeLog {
  private readonly deps: ChangeLogDeps;
  private readonly directory: string;
  private readonly snapshotLogBytesMin: number;
  private readonly writer = new ByteWriter();
  private file: DiskFile;
  private position: number;
  private snapshotBytes: number;
  private logBytes: number;
  private waiting: Waiter[] = [];
  private rounds: Promise<void> | undefined;
  private snapshot: Promise<void> | undefined;
  private failure: Error | undefined;
  private closed = false;

  constructor(deps: ChangeLogDeps, directory: string, recovered: Recovered, snapshotLogBytesMin = SNAPSHOT_LOG_BYTES_MIN) {
    this.deps = deps;
    this.directory = directory;
    this.snapshotLogBytesMin = snapshotLogBytesMin;
    this.file = recovered.file;
    this.position = recovered.position;
    this.snapshotBytes = recovered.snapshotBytes;
    this.logBytes = recovered.logBytes;
  }

  /** Resolves once the change and all before it are durable. After a rejection nothing is written any more. */
  append(change: StagedChange): Promise<void> {
    if (this.closed) return Promise.reject(unavailable('its log is closed'));
    return new Promise((resolve, reject) => {
      this.waiting.push({ change, resolve, reject });
      this.rounds ??= this.runRounds();
    });
  }

  /** Ends after what was appended, with a mark that proves it durable. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await this.rounds;
    await this.snapshot;
    try {
      if (this.failure === undefined) {
        await this.writeRound(encodeRecord(this.writer, this.position, { revision: MARK_REVISION, events: [], leases: new Map() }));
      }
    } finally {
      await this.file.close();
    }
  }

  private async runRounds(): Promise<void> {
    // A microtask later, so that everything staged in this turn shares the round.
    await Promise.resolve();
    while (this.waiting.length > 0) {
      const { round, chunks } = this.nextRound();
      try {
        if (this.failure !== undefined) throw this.failure;
        await this.writeRound(chunks);
      } catch (error) {
        // A failed write or sync is never tried again: nobody knows what the disk holds.
        this.failure = error instanceof Error ? error : new Error(String(error));
        for (const waiter of round) waiter.reject(error);
        continue;
      }
      for (const waiter of round) waiter.resolve();
      const last = round.at(-1);
      if (last !== undefined) await this.rollWhenDue(last.change);
    }
    this.rounds = undefined;
  }

  private nextRound(): { readonly round: readonly Waiter[]; readonly chunks: readonly Uint8Array[] } {
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    let count = 0;
    for (const waiter of this.waiting) {
      if (bytes >= ROUND_BYTES_MAX) break;
      for (const chunk of encodeRecord(this.writer, this.position, waiter.change)) {
        chunks.push(chunk);
        bytes += chunk.length;
      }
      count += 1;
    }
    const round = this.waiting.slice(0, count);
    this.waiting = this.waiting.slice(count);
    return { round, chunks };
  }

  private async writeRound(chunks: readonly Uint8Array[]): Promise<void> {
    const bytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    assert(bytes > 0, 'a round is not empty', {});
    await this.file.write(chunks, this.position);
    await this.file.sync();
    this.position += bytes;
    this.logBytes += bytes;
  }

  /** Between two rounds: starts a new log, and a snapshot of all before it. */
  private async rollWhenDue(last: StateImage): Promise<void> {
    if (this.snapshot !== undefined || this.logBytes < Math.max(this.snapshotLogBytesMin, this.snapshotBytes)) return;
    try {
      const { file, position } = await createLog(this.deps.disk, this.directory, last.revision);
      await this.file.close();
      this.file = file;
      this.position = position;
      this.logBytes = position;
    } catch (error) {
      this.failure = error instanceof Error ? error : new Error(String(error));
      this.deps.logger.error('the metadata log could not be rolled', { file: logName(last.revision), error: this.failure.message });
      return;
    }
    this.snapshot = this.takeSnapshot({ revision: last.revision, root: last.root }).finally(() => {
      this.snapshot = undefined;
    });
  }

  /** A failure costs only space and recovery time: the logs before it are kept, and the next roll tries again. */
  private async takeSnapshot(image: StateImage): Promise<void> {
    const { disk, scheduler, logger } = this.deps;
    try {
      this.snapshotBytes = await writeSnapshot(disk, scheduler, this.directory, image);
      await removeOlder(disk, this.directory, await readLayout(disk, this.directory), image.revision);
    } catch (error) {
      logger.error('no snapshot of the metadata could be written', { revision: image.revision, error: String(error) });
    }
  }
}
