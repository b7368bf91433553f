import { integerOption, invalidOption } from '../client-options.ts';
import { parseStartPosition } from '../consumer/consumer-settings.ts';
import type { GroupConsumerOptions, GroupStart, GroupSubscription, RebalanceEvents, StreamsMembership } from './group-types.ts';

/** The options of a group consumer that are about its group, checked and complete. */
export interface GroupSettings {
  readonly group: string;
  readonly subscription: GroupSubscription;
  readonly from: GroupStart;
  readonly autoCommit: boolean;
  readonly autoCommitIntervalMs: number;
  readonly instanceId: string | undefined;
  readonly rack: string | undefined;
  readonly metadata: Uint8Array;
  readonly rebalanceTimeoutMs: number;
  readonly events: RebalanceEvents;
  readonly streams: StreamsMembership | undefined;
}

const GROUP_ID = /^[a-zA-Z0-9._-]{1,249}$/;
const TOPICS_MAX = 1_000;
const PATTERN_LENGTH_MAX = 249;
const IDENTITY_LENGTH_MAX = 249;
const METADATA_BYTES_MAX = 4_096;
const AUTO_COMMIT_INTERVAL_MS = { default: 5_000, min: 10, max: 3_600_000 };
const REBALANCE_TIMEOUT_MS = { default: 60_000, min: 100, max: 1_800_000 };

/** @throws MoldauError INVALID_CONFIG with the option, its value and its limit */
export function parseGroupOptions<K, V>(options: GroupConsumerOptions<K, V>): GroupSettings {
  const { group, from = 'earliest', instanceId, rack, metadata = new Uint8Array() } = options;
  if (!GROUP_ID.test(group)) throw invalidOption('group', group, '1–249 characters of [a-zA-Z0-9._-]');
  if (from !== 'error') parseStartPosition('from', from);
  if (instanceId !== undefined) checkLength('instanceId', instanceId);
  if (rack !== undefined) checkLength('rack', rack);
  if (metadata.length > METADATA_BYTES_MAX) throw invalidOption('metadata', `${metadata.length} bytes`, `at most ${METADATA_BYTES_MAX}`);
  return {
    group,
    subscription: parseSubscription(options),
    from,
    autoCommit: options.autoCommit ?? true,
    autoCommitIntervalMs: integerOption(
      'autoCommitIntervalMs',
      options.autoCommitIntervalMs,
      AUTO_COMMIT_INTERVAL_MS,
      AUTO_COMMIT_INTERVAL_MS.default,
    ),
    instanceId,
    rack,
    metadata,
    rebalanceTimeoutMs: integerOption('rebalanceTimeoutMs', options.rebalanceTimeoutMs, REBALANCE_TIMEOUT_MS, REBALANCE_TIMEOUT_MS.default),
    events: options,
    streams: options.streams,
  };
}

/** @throws MoldauError INVALID_CONFIG */
export function parseSubscription({ topics, pattern }: GroupSubscription): GroupSubscription {
  if ((topics === undefined || topics.length === 0) && pattern === undefined) {
    throw invalidOption('topics', 'none', 'at least one topic, or a pattern');
  }
  if (topics !== undefined && topics.length > TOPICS_MAX) throw invalidOption('topics', `${topics.length} topics`, `at most ${TOPICS_MAX}`);
  if (topics?.includes('') === true) throw invalidOption('topics', '', 'names of topics');
  if (pattern !== undefined && (pattern.length === 0 || pattern.length > PATTERN_LENGTH_MAX)) {
    throw invalidOption('pattern', pattern, `1–${PATTERN_LENGTH_MAX} characters`);
  }
  return { topics: topics ?? [], ...(pattern === undefined ? {} : { pattern }) };
}

function checkLength(option: string, value: string): void {
  const inRange = value.length > 0 && value.length <= IDENTITY_LENGTH_MAX;
  if (!inRange) throw invalidOption(option, value, `1–${IDENTITY_LENGTH_MAX} characters`);
}
