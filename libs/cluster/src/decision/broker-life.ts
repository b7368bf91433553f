import { type BrokerId, type DirectoryId, MoldauError, type TopicId } from '@moldau/kernel';
import type { BrokerImage, Endpoint, MetadataImage } from '../image/metadata-image.ts';
import { brokerKey, deletedTopicKey } from '../image/metadata-keys.ts';
import { type BrokerStateChange, encodeBrokerState, encodeDeletedTopic, encodeRegistration } from '../image/record-codec.ts';
import { asRead, type RecordWrite, WRITES_PER_TRANSACTION_MAX } from './record-write.ts';
import { type ReplicaReport, reportWrites, stripWrites } from './replica-rights.ts';

export interface BrokerRegistration {
  readonly brokerId: BrokerId;
  readonly directoryId: DirectoryId;
  readonly incarnationId: string;
  readonly endpoints: ReadonlyMap<string, Endpoint>;
  readonly rack: string | undefined;
  readonly softwareVersion: string;
  readonly features: ReadonlyMap<string, { readonly minLevel: number; readonly maxLevel: number }>;
  /** Replicas whose logs are in doubt; empty after a clean stop. */
  readonly report: ReplicaReport;
}

/**
 * The next writes of a registration: first the rights go that the broker has lost, all of them with another directory, else
 * those of replicas whose logs are in doubt, with the old life fenced so that no leader takes it back meanwhile; then the record,
 * fenced. The last one's revision is the broker epoch. `last` tells
 * which this is; what comes before it may be split over transactions.
 * @throws MoldauError BROKER_ID_IN_USE when another directory's broker has a session
 */
export function registerBroker(
  image: MetadataImage,
  registration: BrokerRegistration,
  { hasSession, limit }: { readonly hasSession: boolean; readonly limit: number },
): { readonly writes: readonly RecordWrite[]; readonly last: boolean } {
  const { brokerId, directoryId } = registration;
  const before = image.brokers.get(brokerId);
  const moved = before !== undefined && before.directoryId !== directoryId;
  if (moved && hasSession) {
    const facts = { broker_id: String(brokerId), directory_id: before.directoryId };
    throw new MoldauError('BROKER_ID_IN_USE', `broker ${brokerId} is alive with data directory ${before.directoryId}`, facts);
  }
  const lost = moved ? stripWrites(image, brokerId, limit) : reportWrites(image, brokerId, registration.report, limit);
  if (lost.length > 0) return { writes: before?.fenced === false ? [changeBrokerState(before, { fenced: true })] : lost, last: false };
  const { endpoints, rack, incarnationId, softwareVersion, features } = registration;
  const fields = {
    brokerId,
    directoryId,
    incarnationId,
    endpoints: new Map(endpoints),
    rack,
    softwareVersion,
    features: new Map(features),
  };
  return { writes: [{ key: brokerKey(brokerId), value: encodeRegistration(fields, before), expected: asRead(before) }], last: true };
}

/** Fences a broker, or lets it serve, marks that it wants to stop, cordons it, or drains it. */
export function changeBrokerState(broker: BrokerImage, state: BrokerStateChange): RecordWrite {
  return { key: brokerKey(broker.brokerId), value: encodeBrokerState(broker, state), expected: broker.modRevision };
}

/** Whether a partition still counts the broker as leader or in sync: while it is fenced, something is left to move. */
export function holdsAnything(image: MetadataImage, brokerId: BrokerId): boolean {
  return image.topics.some((topic) =>
    topic.partitions.some((partition) => partition?.leader === brokerId || partition?.isr.includes(brokerId) === true),
  );
}

/** Whether a broker that wants to stop leads a partition that another could lead. */
export function leadsMovable(image: MetadataImage, brokerId: BrokerId): boolean {
  const able = (id: BrokerId): boolean => {
    const broker = image.brokers.get(id);
    return id !== brokerId && broker !== undefined && !broker.fenced && !broker.shuttingDown;
  };
  return image.topics.some((topic) => topic.partitions.some((partition) => partition?.leader === brokerId && partition.isr.some(able)));
}

/** A broker has removed the data of these topics; the last one's report ends the record of the deletion. */
export function reportRemoved(image: MetadataImage, brokerId: BrokerId, topicIds: readonly TopicId[]): RecordWrite[] {
  const writes: RecordWrite[] = [];
  for (const topicId of topicIds.slice(0, WRITES_PER_TRANSACTION_MAX)) {
    const deleted = image.deletedTopics.get(topicId);
    if (deleted === undefined || !deleted.brokerIds.includes(brokerId)) continue;
    const brokerIds = deleted.brokerIds.filter((id) => id !== brokerId);
    const over = brokerIds.length === 0 && !image.topics.has(topicId);
    const value = over ? undefined : encodeDeletedTopic({ ...deleted, brokerIds }, deleted);
    writes.push({ key: deletedTopicKey(topicId), value, expected: deleted.modRevision });
  }
  return writes;
}

/** Records of deletions that every broker has finished that is still one. */
export function finishedDeletions(image: MetadataImage): RecordWrite[] {
  return [...image.deletedTopics.values()]
    .filter(({ brokerIds, topicId }) => !brokerIds.some((id) => image.brokers.has(id)) && !image.topics.has(topicId))
    .slice(0, WRITES_PER_TRANSACTION_MAX)
    .map((deleted) => ({ key: deletedTopicKey(deleted.topicId), value: undefined, expected: deleted.modRevision }));
}
