import type { Counter, Gauge, Histogram, Meter } from '@moldau/kernel';
import type { UncleanableReason } from './compaction/clean-log.ts';

/** What storage counts. */
export interface StorageMetrics {
  readonly appendedBytes: Counter;
  readonly tailReads: Counter;
  readonly diskReads: Counter;
  readonly directRounds: Counter;
  readonly journalRounds: Counter;
  readonly flushSeconds: Histogram;
  readonly corruptBatches: Counter;
  readonly tailBytes: Gauge;
  readonly tailSlabsHeld: Gauge;
  readonly tailSlabsGivenUp: Counter;
  readonly cleanerReadBytes: Counter;
  readonly cleanerWrittenBytes: Counter;
  readonly cleanerRemovedRecords: Counter;
  readonly dirtyRatio: Gauge;
  readonly uncleanable: Readonly<Record<UncleanableReason, Gauge>>;
}

const FLUSH_SECONDS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 5];

export function createStorageMetrics(meter: Meter): StorageMetrics {
  const reads = meter.counter({
    name: 'moldau_storage_reads_total',
    help: 'Reads of a partition, by where the batches came from.',
    labels: ['source'],
  });
  const rounds = meter.counter({
    name: 'moldau_storage_commit_rounds_total',
    help: 'Rounds of group commit, by whether segments or the journal were written.',
    labels: ['target'],
  });
  const uncleanable = meter.gauge({
    name: 'moldau_storage_uncleanable_partitions',
    help: 'Partitions that can not be compacted for now, by reason.',
    labels: ['reason'],
  });
  return {
    appendedBytes: meter.counter({ name: 'moldau_storage_appended_bytes_total', help: 'Bytes of batches appended.' }).with(),
    tailReads: reads.with('tail'),
    diskReads: reads.with('disk'),
    directRounds: rounds.with('segments'),
    journalRounds: rounds.with('journal'),
    flushSeconds: meter.histogram({ name: 'moldau_storage_flush_seconds', help: 'Time of one file sync.', buckets: FLUSH_SECONDS }).with(),
    corruptBatches: meter
      .counter({ name: 'moldau_storage_corrupt_batches_total', help: 'Batches on disk that failed their check.' })
      .with(),
    ...tailMetrics(meter),
    cleanerReadBytes: meter
      .counter({ name: 'moldau_storage_cleaner_read_bytes_total', help: 'Bytes of segments that compaction rewrote.' })
      .with(),
    cleanerWrittenBytes: meter
      .counter({ name: 'moldau_storage_cleaner_written_bytes_total', help: 'Bytes of segments that compaction wrote.' })
      .with(),
    cleanerRemovedRecords: meter
      .counter({ name: 'moldau_storage_cleaner_removed_records_total', help: 'Records that compaction removed.' })
      .with(),
    dirtyRatio: meter
      .gauge({ name: 'moldau_storage_cleaner_dirty_ratio_max', help: 'Largest uncompacted share of a log that compaction may work on.' })
      .with(),
    uncleanable: {
      'no-space': uncleanable.with('no-space'),
      'no-descriptor': uncleanable.with('no-descriptor'),
      'open-transaction': uncleanable.with('open-transaction'),
    },
  };
}

function tailMetrics(meter: Meter): Pick<StorageMetrics, 'tailBytes' | 'tailSlabsHeld' | 'tailSlabsGivenUp'> {
  return {
    tailBytes: meter.gauge({ name: 'moldau_storage_tail_cache_bytes', help: 'Memory that the tail cache has taken.' }).with(),
    tailSlabsHeld: meter
      .gauge({ name: 'moldau_storage_tail_slabs_held', help: 'Pieces of the tail cache that reads and writes look at.' })
      .with(),
    tailSlabsGivenUp: meter
      .counter({
        name: 'moldau_storage_tail_slabs_given_up_total',
        help: 'Pieces of the tail cache left to the garbage collector because a reader still looked at them.',
      })
      .with(),
  };
}
