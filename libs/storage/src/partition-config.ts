import { assert } from '@moldau/kernel';

/** When an append counts as safe: after `fdatasync`, or in the page cache with a flush each second. */
export type FlushMode = 'sync' | 'async';

/** What compaction does with a log, and when. Times in ms. */
export interface CompactionConfig {
  /** `min.compaction.lag.ms`: younger records stay as they are. */
  readonly minLagMs: number;
  /** `max.compaction.lag.ms`: records that old are compacted although there is little to gain; active segments roll for it. */
  readonly maxLagMs: number;
  /** `min.cleanable.dirty.ratio`: the share of uncompacted bytes from which on it pays. */
  readonly minDirtyRatio: number;
  /** `delete.retention.ms`: how long tombstones stay after all older records of their keys are gone. */
  readonly deleteRetentionMs: number;
}

/** The settings of a topic that storage acts on. */
export interface PartitionConfig {
  readonly flush: FlushMode;
  /** `segment.bytes`; default 1 GiB. */
  readonly segmentBytes: number;
  /** `segment.ms`; default 7 days. Idle segments roll too. */
  readonly segmentMs: number;
  /** `segment.index.bytes`; default 10 MiB. */
  readonly segmentIndexBytes: number;
  /** `index.interval.bytes`; default 4,096. */
  readonly indexIntervalBytes: number;
  /** `retention.ms`; −1 for ever; default 7 days. */
  readonly retentionMs: number;
  /** `retention.bytes` of the partition; −1 no limit, the default. */
  readonly retentionBytes: number;
  /** `file.delete.delay.ms`; default one minute. */
  readonly fileDeleteDelayMs: number;
  /** `cleanup.policy` contains `compact`; default undefined: the log is not compacted. */
  readonly compaction?: CompactionConfig | undefined;
}

const DAY_MS = 86_400_000;
/** Positions in an index are uint32, and relative offsets int32. */
const SEGMENT_BYTES_MAX = 0x7fff_ffff;

export const PARTITION_CONFIG_DEFAULTS: PartitionConfig = {
  flush: 'sync',
  segmentBytes: 1024 ** 3,
  segmentMs: 7 * DAY_MS,
  segmentIndexBytes: 10 * 1024 * 1024,
  indexIntervalBytes: 4096,
  retentionMs: 7 * DAY_MS,
  retentionBytes: -1,
  fileDeleteDelayMs: 60_000,
};

/** The settings with defaults for what is left out. Asserts their limits: the broker has validated what users wrote. */
export function partitionConfig(settings: Partial<PartitionConfig> = {}): PartitionConfig {
  const config = { ...PARTITION_CONFIG_DEFAULTS, ...settings };
  const positive = [config.segmentMs, config.segmentIndexBytes, config.indexIntervalBytes].every((value) => value > 0);
  const sized = config.segmentBytes > 0 && config.segmentBytes <= SEGMENT_BYTES_MAX;
  assert(positive && sized && config.fileDeleteDelayMs >= 0, 'settings of a partition are within their limits', { ...config });
  const { minDirtyRatio, maxLagMs } = config.compaction ?? { minDirtyRatio: 0, maxLagMs: 1 };
  assert(minDirtyRatio >= 0 && minDirtyRatio <= 1 && maxLagMs > 0, 'settings of compaction are within their limits', { minDirtyRatio });
  return Object.freeze(config);
}

/** The age at which a segment is sealed: `segment.ms`, or sooner where records may not stay uncompacted as long. */
export function rollAfterMs({ segmentMs, compaction }: PartitionConfig): number {
  return Math.min(segmentMs, compaction?.maxLagMs ?? segmentMs);
}
