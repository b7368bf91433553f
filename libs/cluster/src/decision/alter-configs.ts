import { MoldauError } from '@moldau/kernel';
import { brokerConfigProblems, clusterConfigProblems } from '../config/broker-config.ts';
import { registryFor } from '../config/describe-configs.ts';
import { groupConfigProblems } from '../config/group-config.ts';
import { invalidConfig, type SettingProblem } from '../config/setting.ts';
import { topicConfigProblems } from '../config/topic-config.ts';
import type { MetadataImage } from '../image/metadata-image.ts';
import { type ConfigTarget, configKey } from '../image/metadata-keys.ts';
import { encodeConfig } from '../image/record-codec.ts';
import { assertConfigsChangeable } from './internal-topic.ts';
import { asRead, type RecordWrite } from './record-write.ts';

/** A new value by name; undefined: back to the default. */
export type ConfigChanges = ReadonlyMap<string, string | undefined>;

/** Changes of one target in one call. */
export const CONFIG_CHANGES_MAX = 100;
/** Groups that have settings of their own, in the whole cluster. */
const GROUPS_WITH_CONFIGS_MAX = 10_000;

/**
 * The transaction that changes settings; none when nothing changes. All that is wrong is told at once.
 * @throws MoldauError INVALID_CONFIG, INVALID_REQUEST, UNKNOWN_TOPIC, UNKNOWN_BROKER, INTERNAL_TOPIC
 */
export function alterConfigs(image: MetadataImage, target: ConfigTarget, changes: ConfigChanges): readonly RecordWrite[] {
  if (changes.size > CONFIG_CHANGES_MAX) {
    const facts = { changes: String(changes.size), limit: String(CONFIG_CHANGES_MAX) };
    throw new MoldauError('INVALID_REQUEST', `${changes.size} changes of one resource: at most ${CONFIG_CHANGES_MAX} are allowed`, facts);
  }
  assertTargetExists(image, target);
  assertConfigsChangeable(image, target, changes.keys());
  const key = configKey(target);
  const before = image.configs.get(key);
  const values = new Map(before?.values);
  for (const [name, value] of changes) {
    if (value === undefined) values.delete(name);
    else values.set(name, value);
  }
  const registry = registryFor(target);
  const unknown = [...changes.keys()].filter((name) => !registry.has(name) && before?.values.has(name) !== true);
  // Settings of a newer version that are stored stay, and are not judged.
  const judged = new Map([...values].filter(([name]) => registry.has(name)));
  const problems = [
    ...unknown.map((name) => ({ name, value: changes.get(name) ?? '', limit: 'no such setting' })),
    ...problemsOf(image, target, judged),
  ];
  if (problems.length > 0) throw invalidConfig(problems);
  if (sameValues(values, before?.values ?? new Map())) return [];
  return [{ key, value: values.size === 0 ? undefined : encodeConfig(values, before), expected: asRead(before) }];
}

/** @throws MoldauError UNKNOWN_TOPIC, UNKNOWN_BROKER, INVALID_REQUEST */
export function assertTargetExists(image: MetadataImage, target: ConfigTarget): void {
  if (target.kind === 'broker' && !image.brokers.has(target.brokerId)) {
    throw new MoldauError('UNKNOWN_BROKER', `no broker ${target.brokerId} is registered`, { broker_id: String(target.brokerId) });
  }
  if (target.kind === 'group') assertRoomForGroup(image, target);
  if (
    target.kind === 'topic' &&
    image.topics.get(target.topicId)?.state !== 'active' &&
    image.topics.get(target.topicId)?.state !== 'creating'
  ) {
    throw new MoldauError('UNKNOWN_TOPIC', `no topic has the id ${target.topicId}`, { topic_id: target.topicId });
  }
}

/** A group need not exist to have settings, so their number needs a bound of its own: each is a key that every broker has. */
function assertRoomForGroup(image: MetadataImage, target: ConfigTarget): void {
  if (image.configs.has(configKey(target))) return;
  const count = image.configs.count((_, key) => key.startsWith('configs/groups/'));
  if (count < GROUPS_WITH_CONFIGS_MAX) return;
  const facts = { groups: String(count), limit: String(GROUPS_WITH_CONFIGS_MAX) };
  throw new MoldauError('INVALID_REQUEST', `${count} groups have settings of their own: more are not allowed`, facts);
}

function problemsOf(image: MetadataImage, target: ConfigTarget, values: ReadonlyMap<string, string>): SettingProblem[] {
  switch (target.kind) {
    case 'topic':
      return topicConfigProblems(values, image.topics.get(target.topicId)?.replicationFactor ?? 1);
    case 'broker':
      return brokerConfigProblems(values);
    case 'cluster':
      return clusterConfigProblems(values);
    case 'group':
      return groupConfigProblems(values);
  }
}

function sameValues(left: ReadonlyMap<string, string>, right: ReadonlyMap<string, string>): boolean {
  return left.size === right.size && [...left].every(([name, value]) => right.get(name) === value);
}
