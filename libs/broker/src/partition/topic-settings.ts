import { configKey, type MetadataImage, topicSettings } from '@moldau/cluster';
import type { TopicId } from '@moldau/kernel';
import { type PartitionConfig, partitionConfig } from '@moldau/storage';

/** The settings of a topic that the append path acts on; storage's own are in `storage`. */
export interface TopicSettings {
  /** `max.message.bytes`. */
  readonly maxMessageBytes: number;
  /** `message.timestamp.type`. */
  readonly timestampType: 'CreateTime' | 'LogAppendTime';
  /** `message.timestamp.before.max.ms`: how far a record's time may lie behind the broker's clock. */
  readonly timestampBeforeMaxMs: number;
  /** `message.timestamp.after.max.ms`: how far ahead of it. */
  readonly timestampAfterMaxMs: number;
  /** `cleanup.policy` contains `compact`: records need keys. */
  readonly compacted: boolean;
  /** Only the owners of its shards write to it. */
  readonly internal: boolean;
  readonly storage: PartitionConfig;
}

type Values = ReadonlyMap<string, string> | undefined;

/** Settings of topics, computed once for each set of values: those of an unchanged topic are the same object. */
export class TopicSettingsCache {
  readonly #own = new Map<TopicId, { readonly values: Values; readonly cluster: Values; readonly settings: TopicSettings }>();

  of(image: MetadataImage, topicId: TopicId): TopicSettings {
    const values = image.configs.get(configKey({ kind: 'topic', topicId }))?.values;
    const cluster = image.configs.get(configKey({ kind: 'cluster' }))?.values;
    const cached = this.#own.get(topicId);
    if (cached !== undefined && cached.values === values && cached.cluster === cluster) return cached.settings;
    const settings = computeSettings(values, cluster, image.topics.get(topicId)?.internal ?? false);
    this.#own.set(topicId, { values, cluster, settings });
    return settings;
  }

  forget(topicId: TopicId): void {
    this.#own.delete(topicId);
  }
}

function computeSettings(own: Values, cluster: Values, internal: boolean): TopicSettings {
  const settings = topicSettings(own, cluster);
  const { flush, segmentBytes, segmentMs, segmentIndexBytes, indexIntervalBytes, retentionMs, retentionBytes, fileDeleteDelayMs } =
    settings;
  const deletes = settings.cleanup.has('delete');
  return {
    maxMessageBytes: settings.maxMessageBytes,
    timestampType: settings.timestampType,
    timestampBeforeMaxMs: settings.timestampBeforeMaxMs,
    timestampAfterMaxMs: settings.timestampAfterMaxMs,
    compacted: settings.cleanup.has('compact'),
    internal,
    storage: partitionConfig({
      flush,
      segmentBytes,
      segmentMs,
      segmentIndexBytes,
      indexIntervalBytes,
      // A topic that is only compacted keeps the newest record of each key however old it is.
      retentionMs: deletes ? retentionMs : -1,
      retentionBytes: deletes ? retentionBytes : -1,
      fileDeleteDelayMs,
      compaction: settings.cleanup.has('compact')
        ? {
            minLagMs: settings.minCompactionLagMs,
            maxLagMs: settings.maxCompactionLagMs,
            minDirtyRatio: settings.minCleanableDirtyRatio,
            deleteRetentionMs: settings.deleteRetentionMs,
          }
        : undefined,
    }),
  };
}
