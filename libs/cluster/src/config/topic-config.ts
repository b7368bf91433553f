import type { FlushMode } from '../image/metadata-image.ts';
import { registryOf, type Setting, type SettingProblem, settingProblems } from './setting.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const DAY_MS = 24 * 60 * MINUTE_MS;
const WEEK_MS = 7 * DAY_MS;
const INT_MAX = 0x7fff_ffff;
const LONG_MAX = Number.MAX_SAFE_INTEGER;
const MIB = 1024 * 1024;
/** A batch must fit into one message between services. */
const MESSAGE_BYTES_MAX = 32 * MIB;
const REPLICAS_MAX = 32;

/** The settings of a topic. Names, units and defaults are Kafka's, but for min.insync.replicas (2) and `flush`. */
export const TOPIC_SETTINGS = [
  {
    name: 'cleanup.policy',
    type: 'list',
    values: ['delete', 'compact'],
    defaultValue: 'delete',
    documentation:
      'What becomes of old records: deleted by age and size, or only the newest of each key kept. Records without a key, from before a topic was compacted, are removed.',
  },
  {
    name: 'compression.type',
    type: 'enum',
    values: ['producer'],
    defaultValue: 'producer',
    documentation: 'Batches stay as the producer compressed them.',
  },
  {
    name: 'delete.retention.ms',
    type: 'long',
    min: 0,
    max: LONG_MAX,
    defaultValue: String(DAY_MS),
    documentation: 'How long compaction keeps tombstones, in milliseconds.',
  },
  {
    name: 'file.delete.delay.ms',
    type: 'long',
    min: 0,
    max: LONG_MAX,
    defaultValue: String(MINUTE_MS),
    documentation: 'How long a segment that is no longer needed stays on disk, in milliseconds.',
  },
  {
    name: 'flush',
    type: 'enum',
    values: ['sync', 'async'],
    defaultValue: 'sync',
    documentation:
      'Whether a record is acknowledged after it is flushed to disk (sync) or from the page cache (async), which a power loss may undo.',
  },
  {
    name: 'index.interval.bytes',
    type: 'int',
    min: 1,
    max: INT_MAX,
    defaultValue: '4096',
    documentation: 'Bytes of records between two entries of an index.',
  },
  {
    name: 'max.compaction.lag.ms',
    type: 'long',
    min: 1,
    max: LONG_MAX,
    defaultValue: String(LONG_MAX),
    documentation: 'Longest time that a record stays uncompacted, in milliseconds.',
  },
  {
    name: 'max.message.bytes',
    type: 'int',
    min: 1,
    max: MESSAGE_BYTES_MAX,
    defaultValue: String(MIB),
    documentation: 'Largest record batch, in bytes as it is sent. A call of a client carries 4 MiB at most.',
  },
  {
    name: 'message.timestamp.after.max.ms',
    type: 'long',
    min: 0,
    max: LONG_MAX,
    defaultValue: String(60 * MINUTE_MS),
    documentation: "How far a record's timestamp may lie after the broker's clock, in milliseconds.",
  },
  {
    name: 'message.timestamp.before.max.ms',
    type: 'long',
    min: 0,
    max: LONG_MAX,
    defaultValue: String(LONG_MAX),
    documentation: "How far a record's timestamp may lie before the broker's clock, in milliseconds.",
  },
  {
    name: 'message.timestamp.type',
    type: 'enum',
    values: ['CreateTime', 'LogAppendTime'],
    defaultValue: 'CreateTime',
    documentation: 'Whether records keep the timestamp of their producer or get that of their append.',
  },
  {
    name: 'min.cleanable.dirty.ratio',
    type: 'double',
    min: 0,
    max: 1,
    defaultValue: '0.5',
    documentation: 'Share of the log that must be uncompacted before compaction begins.',
  },
  {
    name: 'min.compaction.lag.ms',
    type: 'long',
    min: 0,
    max: LONG_MAX,
    defaultValue: '0',
    documentation: 'Shortest time that a record stays uncompacted, in milliseconds.',
  },
  {
    name: 'min.insync.replicas',
    type: 'int',
    min: 1,
    max: REPLICAS_MAX,
    defaultValue: '2',
    documentation:
      'Replicas that must be in sync for a write with acks=all; at most the replication factor counts where the value is inherited.',
  },
  {
    name: 'retention.bytes',
    type: 'long',
    min: -1,
    max: LONG_MAX,
    defaultValue: '-1',
    documentation: 'Size of a partition above which old segments are deleted, in bytes; -1: no limit.',
  },
  {
    name: 'retention.ms',
    type: 'long',
    min: -1,
    max: LONG_MAX,
    defaultValue: String(WEEK_MS),
    documentation: 'Age above which segments are deleted, in milliseconds; -1: no limit.',
  },
  {
    name: 'segment.bytes',
    type: 'int',
    min: MIB,
    max: INT_MAX,
    defaultValue: String(1024 * MIB),
    documentation: 'Size at which a segment is sealed, in bytes.',
  },
  {
    name: 'segment.index.bytes',
    type: 'int',
    min: 4,
    max: INT_MAX,
    defaultValue: String(10 * MIB),
    documentation: 'Size of an index at which its segment is sealed, in bytes.',
  },
  {
    name: 'segment.ms',
    type: 'long',
    min: 1,
    max: LONG_MAX,
    defaultValue: String(WEEK_MS),
    documentation: 'Age at which a segment is sealed, in milliseconds, also when nothing is written.',
  },
] as const satisfies readonly Setting[];

export const TOPIC_REGISTRY = registryOf(TOPIC_SETTINGS);

/** A topic's settings as what acts on them reads them. Times in ms, sizes in bytes; −1 where Kafka writes it. */
export interface TopicSettings {
  readonly cleanup: ReadonlySet<'delete' | 'compact'>;
  readonly flush: FlushMode;
  readonly minInsyncReplicas: number;
  readonly maxMessageBytes: number;
  readonly timestampType: 'CreateTime' | 'LogAppendTime';
  readonly timestampBeforeMaxMs: number;
  readonly timestampAfterMaxMs: number;
  readonly retentionMs: number;
  readonly retentionBytes: number;
  readonly segmentBytes: number;
  readonly segmentMs: number;
  readonly segmentIndexBytes: number;
  readonly indexIntervalBytes: number;
  readonly fileDeleteDelayMs: number;
  readonly deleteRetentionMs: number;
  readonly minCompactionLagMs: number;
  readonly maxCompactionLagMs: number;
  readonly minCleanableDirtyRatio: number;
}

/** The settings that hold for a topic: its own before the cluster's before the defaults. Unknown names are left out. */
export function topicSettings(
  own: ReadonlyMap<string, string> | undefined,
  cluster: ReadonlyMap<string, string> | undefined,
): TopicSettings {
  const text = (name: (typeof TOPIC_SETTINGS)[number]['name']): string =>
    own?.get(name) ?? cluster?.get(name) ?? TOPIC_REGISTRY.get(name)?.defaultValue ?? '';
  const number = (name: (typeof TOPIC_SETTINGS)[number]['name']): number => Number(text(name));
  const cleanup = text('cleanup.policy')
    .split(',')
    .map((item) => item.trim());
  return {
    cleanup: new Set(cleanup as ('delete' | 'compact')[]),
    flush: text('flush') === 'async' ? 'async' : 'sync',
    minInsyncReplicas: number('min.insync.replicas'),
    maxMessageBytes: number('max.message.bytes'),
    timestampType: text('message.timestamp.type') === 'LogAppendTime' ? 'LogAppendTime' : 'CreateTime',
    timestampBeforeMaxMs: number('message.timestamp.before.max.ms'),
    timestampAfterMaxMs: number('message.timestamp.after.max.ms'),
    retentionMs: number('retention.ms'),
    retentionBytes: number('retention.bytes'),
    segmentBytes: number('segment.bytes'),
    segmentMs: number('segment.ms'),
    segmentIndexBytes: number('segment.index.bytes'),
    indexIntervalBytes: number('index.interval.bytes'),
    fileDeleteDelayMs: number('file.delete.delay.ms'),
    deleteRetentionMs: number('delete.retention.ms'),
    minCompactionLagMs: number('min.compaction.lag.ms'),
    maxCompactionLagMs: number('max.compaction.lag.ms'),
    minCleanableDirtyRatio: number('min.cleanable.dirty.ratio'),
  };
}

/** What is wrong with a topic's own settings, alone, together, and with its replication factor. */
export function topicConfigProblems(own: ReadonlyMap<string, string>, replicationFactor: number): SettingProblem[] {
  const problems = settingProblems(TOPIC_REGISTRY, own);
  if (problems.length > 0) return problems;
  const value = (name: string): number => Number(own.get(name) ?? TOPIC_REGISTRY.get(name)?.defaultValue);
  const minInsync = own.get('min.insync.replicas');
  if (minInsync !== undefined && Number(minInsync) > replicationFactor) {
    problems.push({ name: 'min.insync.replicas', value: minInsync, limit: `at most the replication factor, ${replicationFactor}` });
  }
  if (value('min.compaction.lag.ms') > value('max.compaction.lag.ms')) {
    problems.push({
      name: 'min.compaction.lag.ms',
      value: String(value('min.compaction.lag.ms')),
      limit: `at most max.compaction.lag.ms, ${value('max.compaction.lag.ms')}`,
    });
  }
  if (value('max.message.bytes') > value('segment.bytes')) {
    problems.push({
      name: 'max.message.bytes',
      value: String(value('max.message.bytes')),
      limit: `at most segment.bytes, ${value('segment.bytes')}`,
    });
  }
  return problems;
}
