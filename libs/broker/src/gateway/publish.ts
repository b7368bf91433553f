import { isVisible, type TopicImage, topicByName } from '@moldau/cluster';
import { MoldauError, parseTopicName, type TopicName } from '@moldau/kernel';
import type { NewRecord, PublishRequest, PublishResult } from '@moldau/protocol';
import { partitionForKey } from '@moldau/records';
import type { ClusterState } from '../metadata/cluster-state.ts';
import type { TopicSettingsCache } from '../partition/topic-settings.ts';
import { assertCount, validateAcks } from '../produce/produce-terms.ts';
import type { RequestContext } from '../request/request-context.ts';
import { BatchLanes, type BuiltBatch } from './batch-lanes.ts';
import { BatchSender, type BatchSenderDeps } from './batch-sender.ts';
import { type KeyedProducer, keyedProducer } from './idempotency-key.ts';

const RECORDS_MAX = 10_000;
/**
 * Memory that a record and its result take beside their bytes while they are unanswered: an empty record is two bytes of a
 * message and some 250 of objects. It counts against the produce budget, or small records would take a hundred times it.
 */
const RECORD_HELD_BYTES = 256;

export interface PublishDeps extends BatchSenderDeps {
  readonly settings: TopicSettingsCache;
}

/**
 * Publishes records given one by one: chooses partitions, builds batches, appends them as a producer would, and answers
 * for each record. A record that can't be taken fails alone; with an idempotency key it fails the request.
 */
export class Publisher {
  readonly #deps: PublishDeps;
  readonly #sender: BatchSender;
  #turn = 0;

  constructor(deps: PublishDeps) {
    this.#deps = deps;
    this.#sender = new BatchSender(deps);
  }

  /**
   * One result for each record, in the order of the request. Everything is appended before the first await.
   *
   * @throws MoldauError INVALID_REQUEST, INVALID_TOPIC_NAME, UNKNOWN_TOPIC, MEMORY_BUDGET_EXHAUSTED, INVALID_ACKS, and with an idempotency key
   *   those of its first bad record, by rejection
   */
  async publish(request: PublishRequest, context: RequestContext): Promise<PublishResult[]> {
    assertCount('records', request.records.length, RECORDS_MAX);
    const acks = validateAcks(request.acks);
    const keyed = request.idempotencyKey === undefined ? undefined : keyedProducer(request.idempotencyKey, acks);
    const topic = namedTopic(this.#deps.cluster, context, request.topic);
    const { budget } = this.#deps.produce;
    const heldBytes = request.records.length * RECORD_HELD_BYTES;
    budget.take(heldBytes);
    try {
      return await this.#publish(request, topic, keyed, context);
    } finally {
      budget.give(heldBytes);
    }
  }

  async #publish(
    request: PublishRequest,
    topic: TopicImage,
    keyed: KeyedProducer | undefined,
    context: RequestContext,
  ): Promise<PublishResult[]> {
    const results = request.records.map((): PublishResult => ({ partition: 0, offset: undefined, error: undefined }));
    const built = this.#build(request.records, topic, keyed, results, context);
    const { topicId } = topic;
    const sent = await this.#sender.send(built, { topicId, acks: request.acks, keyed: keyed !== undefined, context });
    for (const { built: batch, result: outcome } of sent) {
      const error = keyed === undefined || outcome.error === undefined ? outcome.error : keyed.toItem(outcome.error);
      batch.members.forEach((index, delta) => {
        const result = results[index]!;
        result.error = error;
        if (outcome.baseOffset !== undefined) result.offset = outcome.baseOffset + delta;
      });
    }
    return results;
  }

  #build(
    records: readonly NewRecord[],
    topic: TopicImage,
    keyed: KeyedProducer | undefined,
    results: PublishResult[],
    context: RequestContext,
  ): readonly BuiltBatch[] {
    const settings = this.#deps.settings.of(this.#deps.cluster.image, topic.topicId);
    const lanes = new BatchLanes(topic, settings, this.#deps.clock.wallMs(), keyed);
    records.forEach((record, index) => {
      const result = results[index]!;
      try {
        result.partition = this.#choosePartition(record, topic, keyed);
        lanes.add(record, result.partition, index);
      } catch (caught) {
        const error = MoldauError.from(caught);
        // Which records there are must not depend on when it is asked: all or none.
        if (keyed !== undefined) throw ofRecord(error, index);
        result.error = this.#deps.locator.toItem(error, context);
      }
    });
    return lanes.finish();
  }

  #choosePartition({ key, partition }: NewRecord, { readyPartitions, name }: TopicImage, keyed: KeyedProducer | undefined): number {
    if (partition !== undefined) {
      if (partition >= 0 && partition < readyPartitions) return partition;
      const facts = { topic: name, partition: String(partition), limit: String(readyPartitions - 1) };
      throw new MoldauError('UNKNOWN_PARTITION', `topic '${name}' has ${readyPartitions} partitions, none of index ${partition}`, facts);
    }
    if (key !== undefined) return partitionForKey(key, readyPartitions);
    if (keyed !== undefined) return keyed.partitionAmong(readyPartitions);
    this.#turn = (this.#turn + 1) % Number.MAX_SAFE_INTEGER;
    return this.#turn % readyPartitions;
  }
}

/**
 * The topic of that name that the caller may see.
 *
 * @throws MoldauError INVALID_TOPIC_NAME, UNKNOWN_TOPIC
 */
export function namedTopic(cluster: ClusterState, { namespace }: RequestContext, text: string): TopicImage {
  const name: TopicName = parseTopicName(text);
  const topic = topicByName(cluster.image, namespace, name);
  if (topic !== undefined && isVisible(topic, namespace)) return topic;
  throw new MoldauError('UNKNOWN_TOPIC', `no topic '${name}' in namespace '${namespace}'`, { topic: name, namespace });
}

function ofRecord(error: MoldauError, index: number): MoldauError {
  return new MoldauError(error.reason, `record ${index}: ${error.message}`, { ...error.facts, record: String(index) }, { cause: error });
}
