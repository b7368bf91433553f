import { registryOf, type Setting, type SettingProblem, settingProblems } from './setting.ts';
import { TOPIC_SETTINGS } from './topic-config.ts';

const PARTITIONS_MAX = 10_000;
const REPLICAS_MAX = 32;
const WEEK_MS = 7 * 24 * 60 * 60 * 1_000;
const MIB = 1024 * 1024;

/** What a broker obeys while it runs: set for one broker, or for all. */
export const BROKER_SETTINGS = [
  {
    name: 'log.cleaner.dedupe.buffer.size',
    type: 'long',
    min: MIB,
    max: 16 * 1024 * MIB,
    defaultValue: String(32 * MIB),
    documentation: 'Memory for the keys of one pass of compaction, in bytes; a pass over more keys ends early and goes on in the next.',
  },
  {
    name: 'log.cleaner.io.max.bytes.per.second',
    type: 'long',
    min: 64 * 1024,
    max: Number.MAX_SAFE_INTEGER,
    defaultValue: String(16 * MIB),
    documentation: 'Bytes that compaction reads and writes a second, over all partitions of a broker.',
  },
  {
    name: 'replica.lag.time.max.ms',
    type: 'long',
    min: 500,
    max: 24 * 60 * 60 * 1_000,
    defaultValue: '10000',
    documentation: 'How long a replica may not have caught up with its leader before it leaves the ISR, in milliseconds.',
  },
  {
    name: 'follower.replication.throttled.rate',
    type: 'long',
    min: 1,
    max: Number.MAX_SAFE_INTEGER,
    defaultValue: String(Number.MAX_SAFE_INTEGER),
    documentation: 'Bytes a second that a broker copies for replicas that a reassignment adds to it; in-sync replicas are not held back.',
  },
  {
    name: 'scrub.period.ms',
    type: 'long',
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    defaultValue: String(WEEK_MS),
    documentation: 'In how long a broker reads all it stores once and checks it, in milliseconds; 0: never.',
  },
  {
    name: 'tail.cache.bytes',
    type: 'long',
    min: MIB,
    max: 64 * 1024 * MIB,
    defaultValue: String(64 * MIB),
    documentation: 'Memory for the newest batches of all partitions of a broker, in bytes.',
  },
] as const satisfies readonly Setting[];

/** What only the whole cluster has. */
export const CLUSTER_ONLY_SETTINGS = [
  {
    name: 'auto.leader.rebalance.enable',
    type: 'boolean',
    defaultValue: 'true',
    documentation: 'Whether leadership goes back to preferred replicas once they are in sync again.',
  },
  {
    name: 'default.replication.factor',
    type: 'int',
    min: 1,
    max: REPLICAS_MAX,
    defaultValue: '3',
    documentation: 'Replicas of each partition of a topic that is created without saying.',
  },
  {
    name: 'leader.imbalance.check.interval.seconds',
    type: 'long',
    min: 1,
    max: WEEK_MS / 1_000,
    defaultValue: '10',
    documentation: 'How often leadership goes back to preferred replicas, at most 500 leaders each time, in seconds.',
  },
  {
    name: 'num.partitions',
    type: 'int',
    min: 1,
    max: PARTITIONS_MAX,
    defaultValue: '1',
    documentation: 'Partitions of a topic that is created without saying.',
  },
] as const satisfies readonly Setting[];

export const BROKER_REGISTRY = registryOf(BROKER_SETTINGS);

/** The cluster's defaults: its own settings, the brokers', and the topics' for those that have none of their own. */
export const CLUSTER_REGISTRY = registryOf([...CLUSTER_ONLY_SETTINGS, ...BROKER_SETTINGS, ...TOPIC_SETTINGS]);

export function brokerConfigProblems(own: ReadonlyMap<string, string>): SettingProblem[] {
  return settingProblems(BROKER_REGISTRY, own);
}

export function clusterConfigProblems(own: ReadonlyMap<string, string>): SettingProblem[] {
  return settingProblems(CLUSTER_REGISTRY, own);
}
