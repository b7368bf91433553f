import { type MetadataImage, type PartitionImage, type PartitionState, partitionWrite, type TopicImage } from '@moldau/cluster';
import { MoldauError, type PartitionIndex } from '@moldau/kernel';
import { errorToItem, type PartitionResult, type PartitionSelector } from '@moldau/protocol';
import { findTopic } from './find-topic.ts';
import type { RequestContext } from './request-context.ts';

/** Partitions that one request of an operator may change. */
const PARTITIONS_MAX = 10_000;

/** A partition that a request names. */
export interface FoundPartition {
  readonly topic: TopicImage;
  readonly index: PartitionIndex;
  readonly partition: PartitionImage;
}

export interface PartitionChanges<Item> {
  readonly items: readonly Item[];
  readonly dryRun: boolean;
  selector(item: Item): PartitionSelector | undefined;
  /** The partition's next state; undefined: it is so already. May throw a MoldauError, which is the item's result. */
  decide(image: MetadataImage, found: FoundPartition, item: Item): PartitionState | undefined;
}

/** Changes many partitions, each decided alone, with a result for each in their order. Rejects INVALID_REQUEST and the writer's errors. */
export async function alterEachPartition<Item>(changes: PartitionChanges<Item>, context: RequestContext): Promise<PartitionResult[]> {
  const { items, dryRun } = changes;
  if (items.length > PARTITIONS_MAX) {
    const facts = { count: String(items.length), limit: String(PARTITIONS_MAX) };
    throw new MoldauError('INVALID_REQUEST', `${items.length} partitions: at most ${PARTITIONS_MAX} are allowed in one request`, facts);
  }
  return context.controller.writer.changeEach<Item, PartitionResult>(items, (image, item) => {
    const selector = changes.selector(item);
    try {
      const found = findPartition(image, context, selector);
      const { topic, index, partition } = found;
      const state = changes.decide(image, found, item);
      const write = state === undefined || dryRun ? undefined : partitionWrite(topic.topicId, index, partition, state);
      return { write, result: { topic: topic.name, topicId: topic.topicId, partition: index } };
    } catch (error) {
      if (!(error instanceof MoldauError)) throw error;
      return { write: undefined, result: failed(selector, error) };
    }
  });
}

/** @throws MoldauError UNKNOWN_TOPIC, TOPIC_BEING_DELETED, INVALID_TOPIC_NAME, UNKNOWN_PARTITION, INVALID_REQUEST */
function findPartition(image: MetadataImage, { namespace }: RequestContext, selector: PartitionSelector | undefined): FoundPartition {
  if (selector?.topic === undefined) throw new MoldauError('INVALID_REQUEST', 'a partition needs a topic', { field: 'partition.topic' });
  const topic = findTopic(image, namespace, selector.topic);
  const index = selector.partition as PartitionIndex;
  const partition = index < 0 ? undefined : topic.partitions.get(index);
  if (partition !== undefined) return { topic, index, partition };
  const facts = { topic: topic.name, partition: String(index), limit: String(topic.readyPartitions) };
  throw new MoldauError('UNKNOWN_PARTITION', `topic '${topic.name}' has no partition ${index}`, facts);
}

function failed(selector: PartitionSelector | undefined, error: MoldauError): PartitionResult {
  const named = selector?.topic?.selector;
  return {
    topic: named?.$case === 'name' ? named.value : '',
    topicId: named?.$case === 'topicId' ? named.value : '',
    partition: selector?.partition ?? 0,
    error: errorToItem(error),
  };
}
