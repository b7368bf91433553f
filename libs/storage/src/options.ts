import {
  assert,
  type BrokerId,
  type Clock,
  type ClusterId,
  type Compute,
  type Disk,
  type Ids,
  type Logger,
  type Meter,
  type Random,
  type Scheduler,
} from '@moldau/kernel';

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;
const DAY_MS = 86_400_000;

/** The ports that storage runs on. */
export interface StoragePorts {
  readonly disk: Disk;
  readonly clock: Clock;
  /** Decompresses what is compacted, and compresses it again. */
  readonly compute: Compute;
  readonly scheduler: Scheduler;
  readonly ids: Ids;
  readonly random: Random;
  readonly logger: Logger;
  readonly meter: Meter;
}

/** Settings of one data directory. Times in ms, sizes in bytes. */
export interface LogDirectorySettings {
  /** Memory for recent batches; default 64 MiB. */
  readonly tailCacheBytes: number;
  /** Memory for indexes of sealed segments; default 32 MiB. */
  readonly indexCacheBytes: number;
  /** Segment files open at once; default 1,000, below the usual `ulimit -n` of 1,024 only with few connections: raise that. */
  readonly openFilesMax: number;
  /** Appended batches that wait to be written; one more append is MEMORY_BUDGET_EXHAUSTED. Default 128 MiB. */
  readonly unwrittenBytesMax: number;
  /** A round with more dirty partitions than this goes to the journal; default 8. */
  readonly journalThreshold: number;
  /** Size of one journal file, default 32 MiB, and how many there may be, default 4; made when first needed. */
  readonly journalFileBytes: number;
  readonly journalFilesMax: number;
  /** How long journalled batches may wait to be written to their segments; default 5 s. */
  readonly journalLagMs: number;
  /** Writes, and syncs of group commit, at once; default 8 of the 16 threads of the pool. */
  readonly commitConcurrency: number;
  /** Background flushes at once; default 4. */
  readonly flushConcurrency: number;
  /** How often `flush=async` partitions are flushed; default 1 s. */
  readonly flushIntervalMs: number;
  /** How often moved high watermarks are written; default 1 s. */
  readonly checkpointIntervalMs: number;
  /** How often free space is looked at; default 1 s. */
  readonly spaceIntervalMs: number;
  /** Free space below which appends are refused; default: 5 % of the file system, at most 1 GiB. */
  readonly keepFreeBytes: number | undefined;
  /** Size of the file that is given up when the disk is full, for what frees space; default 1 MiB. */
  readonly reserveBytes: number;
  /** How often idle segments are rolled and old ones deleted; default 10 s. */
  readonly sweepIntervalMs: number;
  /** In how long the scrub reads everything once; 0 = never; default a week. */
  readonly scrubPeriodMs: number;
  /** How often compacted logs are looked at; default 5 s. */
  readonly cleanerIntervalMs: number;
  /** Bytes that compaction reads and writes a second, over all logs; default 16 MiB. */
  readonly cleanerBytesPerSecond: number;
  /** Memory for the keys of one pass of compaction, one log at a time; a pass over more keys ends early. Default 32 MiB. */
  readonly cleanerMapBytes: number;
  /** `producer.id.expiration.ms`: default one day. */
  readonly producerExpirationMs: number;
}

/** What may be changed while the directory is open. */
export type DynamicSettings = Partial<
  Pick<LogDirectorySettings, 'tailCacheBytes' | 'scrubPeriodMs' | 'cleanerBytesPerSecond' | 'cleanerMapBytes'>
>;

export interface LogDirectoryOptions extends Partial<LogDirectorySettings> {
  /** Path of the directory; made when it does not exist. */
  readonly path: string;
  readonly clusterId: ClusterId;
  readonly brokerId: BrokerId;
  /** Told after each recovered partition. */
  readonly onRecovery?: (progress: RecoveryProgress) => void;
  /** Told once, when the directory fails. */
  readonly onOffline?: (reason: string) => void;
}

export interface RecoveryProgress {
  readonly done: number;
  readonly total: number;
}

const DEFAULTS: LogDirectorySettings = {
  tailCacheBytes: 64 * MIB,
  indexCacheBytes: 32 * MIB,
  openFilesMax: 1000,
  unwrittenBytesMax: 128 * MIB,
  journalThreshold: 8,
  journalFileBytes: 32 * MIB,
  journalFilesMax: 4,
  journalLagMs: 5000,
  commitConcurrency: 8,
  flushConcurrency: 4,
  flushIntervalMs: 1000,
  checkpointIntervalMs: 1000,
  spaceIntervalMs: 1000,
  keepFreeBytes: undefined,
  reserveBytes: MIB,
  sweepIntervalMs: 10_000,
  scrubPeriodMs: 7 * DAY_MS,
  cleanerIntervalMs: 5000,
  cleanerBytesPerSecond: 16 * MIB,
  cleanerMapBytes: 32 * MIB,
  producerExpirationMs: DAY_MS,
};

const KEEP_FREE_MAX = GIB;
const KEEP_FREE_SHARE = 0.05;

/** The settings with defaults. Asserts what would not work. */
export function logDirectorySettings(options: LogDirectoryOptions): LogDirectorySettings {
  const settings = { ...DEFAULTS, ...options };
  assert(settings.openFilesMax >= 2 * settings.commitConcurrency, 'files may be open for every commit under way', { ...options });
  assert(settings.journalFilesMax >= 2, 'a journal has a file to go on with while the other is emptied', { ...options });
  return settings;
}

/** Free bytes below which appends are refused. */
export function keepFreeBytes(settings: LogDirectorySettings, totalBytes: number): number {
  return settings.keepFreeBytes ?? Math.min(KEEP_FREE_MAX, Math.floor(totalBytes * KEEP_FREE_SHARE));
}
