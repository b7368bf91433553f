import { MoldauError } from '@moldau/kernel';
import type { MetadataImage, TopicImage } from '../image/metadata-image.ts';
import type { ConfigTarget } from '../image/metadata-keys.ts';

/** Settings of internal topics that an operator may change: none of them decides what is kept, or whether it is lost. */
const CHANGEABLE: ReadonlySet<string> = new Set([
  'file.delete.delay.ms',
  'index.interval.bytes',
  'min.cleanable.dirty.ratio',
  'min.insync.replicas',
  'segment.bytes',
  'segment.ms',
]);

/**
 * The partitions of an internal topic are the cluster's shards: neither their number nor what is kept in them is changed by hand.
 * @throws MoldauError INTERNAL_TOPIC
 */
export function assertNotInternal({ topicId, name, internal }: TopicImage, what: string): void {
  if (!internal) return;
  throw new MoldauError('INTERNAL_TOPIC', `'${name}' holds state of the cluster: ${what}`, { topic_id: topicId, topic: name });
}

/** @throws MoldauError INTERNAL_TOPIC with the first setting that clients do not change */
export function assertConfigsChangeable(image: MetadataImage, target: ConfigTarget, changed: Iterable<string>): void {
  if (target.kind !== 'topic') return;
  const topic = image.topics.get(target.topicId);
  if (topic === undefined) return;
  for (const name of changed) if (!CHANGEABLE.has(name)) assertNotInternal(topic, `its '${name}' is not changed`);
}
