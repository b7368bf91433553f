import { type TopicImage, topicByName } from '@moldau/cluster';
import { type BrokerId, type Clock, MoldauError, parseTopicName, type TopicName } from '@moldau/kernel';
import {
  type Acks,
  type NewRecord,
  type ProduceBatch,
  type ProduceBatchResult,
  type PublishRequest,
  type PublishResult,
  producerService,
} from '@moldau/protocol';
import { partitionForKey, RecordBatchBuilder, type RecordHeader } from '@moldau/records';
import { type ProduceDeps, produce } from '../handlers/produce.ts';
import type { ClusterState } from '../metadata/cluster-state.ts';
import { isVisible } from '../metadata/topic-description.ts';
import type { PartitionLocator } from '../partition/partition-locator.ts';
import type { TopicSettings, TopicSettingsCache } from '../partition/topic-settings.ts';
import { assertCount, invalidField, PRODUCE_TIMEOUT_MS_DEFAULT, validateAcks } from '../produce/produce-terms.ts';
import type { RequestContext } from '../request/request-context.ts';
import type { Peers } from './peers.ts';

const RECORDS_MAX = 10_000;
/** Batches are closed at this size, where the topic allows as much. */
const BATCH_TARGET_BYTES = 512 * 1024;

export interface PublishDeps {
  readonly clock: Clock;
  readonly cluster: ClusterState;
  readonly settings: TopicSettingsCache;
  readonly locator: PartitionLocator;
  readonly produce: ProduceDeps;
  readonly peers: Peers;
  readonly brokerId: BrokerId;
}

/** Records of one partition on their way into batches. */
interface Lane {
  readonly partition: number;
  readonly builder: RecordBatchBuilder;
  /** Indexes in the request of the records in the builder. */
  members: number[];
}

interface BuiltBatch {
  readonly batch: ProduceBatch;
  readonly partition: number;
  readonly members: readonly number[];
}

interface SentBatch {
  readonly members: readonly number[];
  readonly result: ProduceBatchResult;
}

/**
 * Publishes records given one by one: chooses partitions, builds batches, appends them as a producer would, and answers
 * for each record. A record that can't be taken fails alone.
 */
export class Publisher {
  readonly #deps: PublishDeps;
  #turn = 0;

  constructor(deps: PublishDeps) {
    this.#deps = deps;
  }

  /**
   * One result for each record, in the order of the request. Everything is appended before the first await.
   *
   * @throws MoldauError INVALID_REQUEST, INVALID_TOPIC_NAME, UNKNOWN_TOPIC, by rejection
   */
  async publish(request: PublishRequest, context: RequestContext): Promise<PublishResult[]> {
    assertCount('records', request.records.length, RECORDS_MAX);
    validateAcks(request.acks);
    const topic = namedTopic(this.#deps.cluster, context, request.topic);
    const settings = this.#deps.settings.of(this.#deps.cluster.image, topic.topicId);
    const results = request.records.map((): PublishResult => ({ partition: 0, offset: undefined, error: undefined }));
    const built = this.#build(request.records, topic, settings, results, context);
    const outcomes = await Promise.all(
      byLeader(built, topic, this.#deps.brokerId).map(([leader, ofLeader]) => this.#send(leader, ofLeader, request.acks, context)),
    );
    for (const { members, result: outcome } of outcomes.flat()) {
      members.forEach((index, delta) => {
        const result = results[index]!;
        result.error = outcome.error;
        if (outcome.baseOffset !== undefined) result.offset = outcome.baseOffset + delta;
      });
    }
    return results;
  }

  /** Appends the batches where their leader is, in order. */
  async #send(leader: BrokerId, built: readonly BuiltBatch[], acks: Acks, context: RequestContext): Promise<SentBatch[]> {
    const batches = built.map(({ batch }) => batch);
    const timeoutMs = this.#timeoutMs(context);
    const request = { acks, timeoutMs, batches };
    const { produce: produceDeps, peers, brokerId, locator } = this.#deps;
    try {
      const response = await (leader === brokerId
        ? produce(produceDeps, request, context)
        : peers.call(leader, producerService.produce, request, context, timeoutMs));
      return paired(built, response.results);
    } catch (caught) {
      const error = locator.toItem(MoldauError.from(caught), context);
      return built.map(({ members }) => ({ members, result: { batchId: 0, error } }));
    }
  }

  #build(
    records: readonly NewRecord[],
    topic: TopicImage,
    settings: TopicSettings,
    results: PublishResult[],
    context: RequestContext,
  ): BuiltBatch[] {
    const lanes = new Map<number, Lane>();
    const built: BuiltBatch[] = [];
    const wallMs = this.#deps.clock.wallMs();
    records.forEach((record, index) => {
      const result = results[index]!;
      try {
        const partition = this.#choosePartition(record, topic);
        result.partition = partition;
        const lane = lanes.get(partition) ?? newLane(partition, settings);
        lanes.set(partition, lane);
        assertPublishable(record, settings, wallMs);
        if (!appendTo(lane, record, wallMs)) {
          built.push(finish(lane, topic));
          appendTo(lane, record, wallMs);
        }
        lane.members.push(index);
      } catch (caught) {
        result.error = this.#deps.locator.toItem(MoldauError.from(caught), context);
      }
    });
    for (const lane of lanes.values()) if (lane.members.length > 0) built.push(finish(lane, topic));
    return built;
  }

  #choosePartition({ key, partition }: NewRecord, { readyPartitions, name }: TopicImage): number {
    if (partition !== undefined) {
      if (partition >= 0 && partition < readyPartitions) return partition;
      const facts = { topic: name, partition: String(partition), limit: String(readyPartitions - 1) };
      throw new MoldauError('UNKNOWN_PARTITION', `topic '${name}' has ${readyPartitions} partitions, none of index ${partition}`, facts);
    }
    if (key !== undefined) return partitionForKey(key, readyPartitions);
    this.#turn = (this.#turn + 1) % Number.MAX_SAFE_INTEGER;
    return this.#turn % readyPartitions;
  }

  #timeoutMs({ deadlineMs }: RequestContext): number {
    if (deadlineMs === undefined) return PRODUCE_TIMEOUT_MS_DEFAULT;
    return Math.max(1, Math.min(PRODUCE_TIMEOUT_MS_DEFAULT, Math.floor(deadlineMs - this.#deps.clock.monotonicMs())));
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

function paired(built: readonly BuiltBatch[], results: readonly ProduceBatchResult[]): SentBatch[] {
  return built.map(({ members }, at) => ({ members, result: results[at]! }));
}

/** The batches by the broker that leads their partition; those without a leader go to `own`, which says so. */
function byLeader(built: readonly BuiltBatch[], topic: TopicImage, own: BrokerId): [BrokerId, BuiltBatch[]][] {
  const groups = new Map<BrokerId, BuiltBatch[]>();
  for (const batch of built) {
    const leader = topic.partitions.get(batch.partition)?.leader ?? own;
    const group = groups.get(leader);
    if (group === undefined) groups.set(leader, [batch]);
    else group.push(batch);
  }
  return [...groups];
}

function newLane(partition: number, { maxMessageBytes }: TopicSettings): Lane {
  const limits = { targetBytes: Math.min(BATCH_TARGET_BYTES, maxMessageBytes), maxBytes: maxMessageBytes };
  return { partition, builder: new RecordBatchBuilder(limits), members: [] };
}

function appendTo({ builder }: Lane, { key, value, headers, timestampMs }: NewRecord, wallMs: number): boolean {
  const written: RecordHeader[] = headers.map((header) => ({ key: header.key, value: header.value ?? null }));
  return builder.append(timestampMs ?? wallMs, key ?? null, value ?? null, written);
}

function finish(lane: Lane, { topicId }: TopicImage): BuiltBatch {
  const { partition, members, builder } = lane;
  lane.members = [];
  return { partition, members, batch: { batchId: 0, topicId, partition, leaderEpoch: undefined, recordBatch: builder.build() } };
}

/** The checks of a batch that one record could fail for its neighbours. */
function assertPublishable({ key, timestampMs }: NewRecord, settings: TopicSettings, wallMs: number): void {
  if (settings.compacted && key === undefined) {
    throw new MoldauError('NULL_KEY_ON_COMPACTED_TOPIC', 'the record has no key; a compacted topic needs one', {
      value: 'null',
      limit: 'a key',
    });
  }
  if (timestampMs === undefined) return;
  if (!Number.isSafeInteger(timestampMs) || timestampMs < 0) throw invalidField('timestamp_ms', timestampMs, '≥ 0');
  if (settings.timestampType === 'LogAppendTime') return;
  const early = wallMs - timestampMs > settings.timestampBeforeMaxMs;
  const late = timestampMs - wallMs > settings.timestampAfterMaxMs;
  if (!early && !late) return;
  const setting = early ? 'message.timestamp.before.max.ms' : 'message.timestamp.after.max.ms';
  const limit = early ? settings.timestampBeforeMaxMs : settings.timestampAfterMaxMs;
  const facts = { setting, value: String(timestampMs), limit: String(limit) };
  throw new MoldauError('INVALID_TIMESTAMP', `the record's time ${timestampMs} lies outside ${setting}=${limit}`, facts);
}
