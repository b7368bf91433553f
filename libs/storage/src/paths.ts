import { isUuid, type PartitionIndex, partitionIndex, type TopicId, topicId } from '@moldau/kernel';

/** Names in a data directory; docs/on-disk-format.md lists them. */

export const META_FILE = 'meta.json';
export const LOCK_FILE = 'lock';
export const RESERVE_FILE = 'reserve';
export const BOOT_ID_FILE = 'boot-id';
export const CLEAN_SHUTDOWN_FILE = 'clean-shutdown';
export const HIGH_WATERMARK_FILES = ['high-watermarks.0', 'high-watermarks.1'] as const;
export const JOURNAL_DIRECTORY = 'journal';
export const TOPICS_DIRECTORY = 'topics';
export const PARTITION_FILE = 'partition.json';
export const LEADER_EPOCHS_FILE = 'leader-epochs';
export const DELETED_SUFFIX = '.deleted';
export const TEMPORARY_SUFFIX = '.tmp';
/** What compaction is writing. */
export const CLEANED_SUFFIX = '.cleaned';
/** What `repair` sets aside. */
export const DAMAGED_SUFFIX = '.damaged';

export type SegmentFileKind = 'log' | 'index' | 'timeindex' | 'txnindex' | 'snapshot';

const OFFSET_DIGITS = 20;
const SEGMENT_NAME = /^(\d{20})\.(log|index|timeindex|txnindex|snapshot)$/;
const PARTITION_NAME = /^(0|[1-9]\d{0,9})$/;
const PARTITION_MAX = 0x7fff_ffff;

export function topicDirectory(root: string, topic: TopicId): string {
  return `${root}/${TOPICS_DIRECTORY}/${topic}`;
}

export function partitionDirectory(root: string, topic: TopicId, partition: PartitionIndex): string {
  return `${topicDirectory(root, topic)}/${partition}`;
}

export function segmentName(baseOffset: number, kind: SegmentFileKind): string {
  return `${String(baseOffset).padStart(OFFSET_DIGITS, '0')}.${kind}`;
}

/** Undefined for any other file. */
export function parseSegmentName(name: string): { readonly baseOffset: number; readonly kind: SegmentFileKind } | undefined {
  const match = SEGMENT_NAME.exec(name);
  const baseOffset = Number(match?.[1]);
  if (match === null || !Number.isSafeInteger(baseOffset)) return undefined;
  return { baseOffset, kind: match[2] as SegmentFileKind };
}

/** Undefined for a name that is no topic's directory. */
export function parseTopicName(name: string): TopicId | undefined {
  return isUuid(name) ? topicId(name) : undefined;
}

/** Undefined for a name that is no partition's directory. */
export function parsePartitionName(name: string): PartitionIndex | undefined {
  if (!PARTITION_NAME.test(name) || Number(name) > PARTITION_MAX) return undefined;
  return partitionIndex(Number(name));
}
