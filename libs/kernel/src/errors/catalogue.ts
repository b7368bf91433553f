import { type CatalogueEntry, row } from './catalogue-entry.ts';
import { CONNECT_ERRORS } from './connect-errors.ts';
import { GROUP_ERRORS } from './group-errors.ts';
import { SHARD_ERRORS } from './shard-errors.ts';
import { STREAMS_ERRORS } from './streams-errors.ts';
import { TRANSACTION_ERRORS } from './transaction-errors.ts';

export type { CatalogueEntry, Certainty } from './catalogue-entry.ts';

/**
 * Every error that Moldau gives, over the wire or from the SDK. The name is the `reason` of `google.rpc.ErrorInfo`.
 * A test ties this table and docs/errors.md together both ways.
 */
export const ERROR_CATALOGUE = {
  // Input that can't be taken.
  INVALID_REQUEST: row(1, 'INVALID_ARGUMENT', 'final', 'definite', 'A field of the request is malformed, missing or outside its limits.'),
  INVALID_TOPIC_NAME: row(2, 'INVALID_ARGUMENT', 'final', 'definite', 'The name is not a legal topic name.'),
  INVALID_NAMESPACE: row(3, 'INVALID_ARGUMENT', 'final', 'definite', 'The name is not a legal namespace.'),
  INVALID_CONFIG: row(4, 'INVALID_ARGUMENT', 'final', 'definite', 'A setting is unknown, of the wrong type or outside its limits.'),
  INVALID_PARTITIONS: row(5, 'INVALID_ARGUMENT', 'final', 'definite', 'The number of partitions is outside its limits or would shrink.'),
  INVALID_REPLICATION_FACTOR: row(
    6,
    'INVALID_ARGUMENT',
    'final',
    'definite',
    'The replication factor is outside its limits, above the number of brokers, or below min.insync.replicas.',
  ),
  INVALID_TIMESTAMP: row(
    7,
    'INVALID_ARGUMENT',
    'final',
    'definite',
    "A record lies too far from the broker's clock for the topic's settings.",
  ),
  CORRUPT_BATCH: row(
    8,
    'INVALID_ARGUMENT',
    'final',
    'definite',
    'A record batch is malformed: length, CRC, count or encoding. Nothing was written.',
  ),
  UNSUPPORTED_COMPRESSION: row(9, 'INVALID_ARGUMENT', 'final', 'definite', 'The batch names a codec that does not exist.'),
  DECOMPRESSION_LIMIT_EXCEEDED: row(10, 'INVALID_ARGUMENT', 'final', 'definite', 'The batch would decompress to more than the limit.'),
  INVALID_ACKS: row(11, 'INVALID_ARGUMENT', 'final', 'definite', 'Idempotent batches need acks=all.'),
  NULL_KEY_ON_COMPACTED_TOPIC: row(12, 'INVALID_ARGUMENT', 'final', 'definite', 'A record without a key was sent to a compacted topic.'),
  INVALID_PARTITION: row(
    13,
    'INVALID_ARGUMENT',
    'final',
    'definite',
    'The partitioner or the caller named a partition that the topic does not have.',
  ),
  SERIALIZATION_FAILED: row(
    14,
    'INVALID_ARGUMENT',
    'final',
    'definite',
    'A serializer or deserializer of the client refused a key or a value.',
  ),
  INVALID_REPLICA_ASSIGNMENT: row(
    15,
    'INVALID_ARGUMENT',
    'final',
    'definite',
    "A partition's replicas can't be there: a broker named twice or cordoned, too few brokers, or fewer than min.insync.replicas.",
  ),
  // Things that are not there, or are already.
  UNKNOWN_TOPIC: row(20, 'NOT_FOUND', 'final', 'definite', 'No topic has that name or id in this namespace.'),
  UNKNOWN_PARTITION: row(21, 'NOT_FOUND', 'final', 'definite', 'The topic has no partition of that index.'),
  UNKNOWN_BROKER: row(22, 'NOT_FOUND', 'final', 'definite', 'No broker of that id is registered.'),
  UNKNOWN_METHOD: row(23, 'UNIMPLEMENTED', 'final', 'definite', 'The server does not have this method.'),
  TOPIC_EXISTS: row(24, 'ALREADY_EXISTS', 'final', 'definite', 'A topic of that name exists in this namespace.'),
  OFFSET_OUT_OF_RANGE: row(
    25,
    'OUT_OF_RANGE',
    'final',
    'definite',
    'The offset lies outside the log; the metadata says where it begins and ends.',
  ),
  NO_REASSIGNMENT: row(26, 'NOT_FOUND', 'final', 'definite', 'No move of the replicas of this partition is under way.'),
  // Not now.
  NOT_LEADER: row(
    40,
    'UNAVAILABLE',
    'retriable',
    'definite',
    'This broker does not lead the partition; the metadata names the leader when it is known.',
  ),
  LEADER_NOT_AVAILABLE: row(41, 'UNAVAILABLE', 'retriable', 'definite', 'The partition has no leader at the moment.'),
  NOT_ENOUGH_REPLICAS: row(
    42,
    'UNAVAILABLE',
    'retriable',
    'definite',
    'Fewer replicas are in sync than min.insync.replicas. Nothing was written.',
  ),
  NOT_ENOUGH_REPLICAS_AFTER_APPEND: row(
    43,
    'UNAVAILABLE',
    'retriable',
    'indefinite',
    'The batch was written by the leader but too few replicas were in sync to confirm it.',
  ),
  LEADER_CHANGED_AFTER_APPEND: row(
    44,
    'UNAVAILABLE',
    'retriable',
    'indefinite',
    'Leadership moved after the batch was written and before it was confirmed.',
  ),
  COORDINATOR_NOT_AVAILABLE: row(45, 'UNAVAILABLE', 'retriable', 'definite', 'No coordinator is active or reachable at the moment.'),
  NOT_CONTROLLER: row(
    46,
    'UNAVAILABLE',
    'retriable',
    'definite',
    'This coordinator is not the controller; the metadata names it when it is known.',
  ),
  BROKER_STARTING: row(47, 'UNAVAILABLE', 'retriable', 'definite', "The broker has not caught up with the cluster's metadata yet."),
  SHUTTING_DOWN: row(48, 'UNAVAILABLE', 'retriable', 'definite', 'The server is stopping; try another or try again.'),
  CONNECTION_FAILED: row(
    49,
    'UNAVAILABLE',
    'retriable',
    'indefinite',
    'The connection to the server broke; it may have taken the request.',
  ),
  DISK_FULL: row(
    50,
    'UNAVAILABLE',
    'retriable',
    'definite',
    "The broker's disk has passed its high-water mark; reads go on, writes resume when space returns.",
  ),
  PARTITION_OFFLINE: row(
    51,
    'UNAVAILABLE',
    'retriable',
    'definite',
    "The partition's log is damaged or its directory failed; its data is kept and not served.",
  ),
  LOG_DIRECTORY_OFFLINE: row(
    52,
    'UNAVAILABLE',
    'retriable',
    'definite',
    'The data directory failed: nothing in it is read or written until the broker is restarted. Nothing was written.',
  ),
  LOG_DIRECTORY_FAILED_AFTER_APPEND: row(
    53,
    'UNAVAILABLE',
    'retriable',
    'indefinite',
    'The data directory failed while the batch was being written or flushed.',
  ),
  METADATA_STORE_UNAVAILABLE: row(54, 'UNAVAILABLE', 'retriable', 'indefinite', 'The metadata store did not answer.'),
  REQUEST_TIMED_OUT: row(55, 'DEADLINE_EXCEEDED', 'retriable', 'indefinite', 'The deadline passed before the answer was known.'),
  DELIVERY_TIMED_OUT: row(
    56,
    'DEADLINE_EXCEEDED',
    'final',
    'indefinite',
    "A record was not confirmed within the producer's delivery timeout; it may have been written.",
  ),
  DELIVERY_EXPIRED: row(
    57,
    'DEADLINE_EXCEEDED',
    'final',
    'definite',
    "A record waited in the producer's buffer for its whole delivery timeout and was never sent.",
  ),
  DELIVERY_UNKNOWN: row(
    58,
    'ABORTED',
    'final',
    'indefinite',
    'A record may have been written, but the answer that would tell is lost; sending it again could write it twice.',
  ),
  SERVER_UNREACHABLE: row(
    59,
    'UNAVAILABLE',
    'retriable',
    'definite',
    'No connection to the server could be made: nothing of the request was sent.',
  ),
  NO_ELIGIBLE_LEADER: row(60, 'UNAVAILABLE', 'retriable', 'definite', 'The replica that should lead is not in sync or does not serve.'),
  // Fenced, or in the wrong state.
  FENCED_LEADER_EPOCH: row(
    70,
    'FAILED_PRECONDITION',
    'retriable',
    'definite',
    'The request names an older leader epoch than the broker knows; refresh the metadata.',
  ),
  UNKNOWN_LEADER_EPOCH: row(
    71,
    'UNAVAILABLE',
    'retriable',
    'definite',
    'The request names a newer leader epoch than the broker knows yet.',
  ),
  FENCED_BROKER: row(72, 'FAILED_PRECONDITION', 'final', 'definite', 'A newer life of this broker has registered, or its session is over.'),
  FENCED_CONTROLLER: row(73, 'FAILED_PRECONDITION', 'final', 'definite', 'A newer controller has been elected.'),
  FENCED_PRODUCER: row(74, 'FAILED_PRECONDITION', 'final', 'definite', 'A newer session of this producer id exists.'),
  UNKNOWN_PRODUCER: row(
    75,
    'FAILED_PRECONDITION',
    'final',
    'definite',
    'The partition knows nothing of this producer session, and the batch does not begin one.',
  ),
  BROKER_ID_IN_USE: row(76, 'FAILED_PRECONDITION', 'final', 'definite', 'A live broker with another data directory has this id.'),
  WRONG_CLUSTER: row(77, 'FAILED_PRECONDITION', 'final', 'definite', 'The data directory or the caller belongs to another cluster.'),
  WRONG_BROKER: row(78, 'FAILED_PRECONDITION', 'final', 'definite', 'The data directory belongs to another broker id.'),
  UNSUPPORTED_FORMAT: row(79, 'FAILED_PRECONDITION', 'final', 'definite', 'The data directory was written by a newer version.'),
  DATA_DIRECTORY_LOCKED: row(80, 'FAILED_PRECONDITION', 'final', 'definite', 'Another process has the data directory open.'),
  DATA_DIRECTORY_UNUSABLE: row(
    81,
    'FAILED_PRECONDITION',
    'final',
    'definite',
    "The data directory can't be read or written: missing rights, read-only, or not a directory.",
  ),
  ADDRESS_IN_USE: row(82, 'FAILED_PRECONDITION', 'final', 'definite', 'Another process listens on the address.'),
  CLIENT_CLOSED: row(83, 'FAILED_PRECONDITION', 'final', 'definite', 'The producer, consumer or client has been closed.'),
  TOPIC_BEING_DELETED: row(84, 'FAILED_PRECONDITION', 'retriable', 'definite', 'The topic is being deleted.'),
  LOSS_NOT_ACCEPTED: row(
    85,
    'FAILED_PRECONDITION',
    'final',
    'definite',
    'The repair or election may lose records and was not told to accept that.',
  ),
  SESSION_EXPIRED: row(
    86,
    'FAILED_PRECONDITION',
    'retriable',
    'definite',
    'The session with the controller is over; the broker registers again.',
  ),
  INELIGIBLE_REPLICA: row(
    87,
    'FAILED_PRECONDITION',
    'final',
    'definite',
    "A replica can't be in sync: it is fenced, stopping, or another life of it has fetched.",
  ),
  ELECTION_NOT_NEEDED: row(88, 'FAILED_PRECONDITION', 'final', 'definite', 'The partition is led as asked for already.'),
  PROCESS_NOT_STARTED: row(
    89,
    'FAILED_PRECONDITION',
    'final',
    'definite',
    'A process of a local cluster could not be started, or ended before it was ready; the end of its log says why.',
  ),
  // Lost a race, or out of order.
  OUT_OF_ORDER_SEQUENCE: row(90, 'ABORTED', 'final', 'definite', "The batch leaves a gap after the producer's last sequence number."),
  DUPLICATE_SEQUENCE: row(91, 'ABORTED', 'final', 'indefinite', 'The batch was written before, too long ago to tell its offset.'),
  TOO_MANY_UNANSWERED_BATCHES: row(
    92,
    'RESOURCE_EXHAUSTED',
    'retriable',
    'definite',
    'The producer has five unanswered batches on this partition already.',
  ),
  CONCURRENT_CHANGE: row(93, 'ABORTED', 'retriable', 'definite', 'Someone else changed the same thing at the same time.'),
  METADATA_COMPACTED: row(
    94,
    'ABORTED',
    'retriable',
    'definite',
    'The asked-for history of the metadata store is gone; start again from a snapshot.',
  ),
  LEASE_LOST: row(95, 'ABORTED', 'final', 'definite', 'The lease on the metadata store ran out or was revoked.'),
  // Damage.
  CORRUPT_LOG: row(100, 'DATA_LOSS', 'final', 'definite', 'Bytes read from disk fail their check; they are not served.'),
  LOG_TRUNCATED: row(
    101,
    'DATA_LOSS',
    'final',
    'definite',
    'Records that the reader has read are no longer in the log, lost in an election; the metadata says up to which offset the log is as it was.',
  ),
  // Limits.
  RECORD_TOO_LARGE: row(110, 'INVALID_ARGUMENT', 'final', 'definite', 'A record or batch is larger than max.message.bytes.'),
  MESSAGE_TOO_LARGE: row(111, 'RESOURCE_EXHAUSTED', 'final', 'definite', "A gRPC message is larger than the receiver's limit."),
  MEMORY_BUDGET_EXHAUSTED: row(
    112,
    'RESOURCE_EXHAUSTED',
    'retriable',
    'definite',
    'A byte budget of the broker is full; try again after the delay.',
  ),
  TOO_MANY_STREAMS: row(
    113,
    'RESOURCE_EXHAUSTED',
    'retriable',
    'definite',
    'The connection or the server has as many streams or requests under way as it allows.',
  ),
  BUFFER_FULL: row(114, 'RESOURCE_EXHAUSTED', 'retriable', 'definite', "The producer's buffer stayed full for longer than maxBlockMs."),
  // Who, and whether.
  UNAUTHENTICATED: row(120, 'UNAUTHENTICATED', 'final', 'definite', 'The call needs valid credentials.'),
  PERMISSION_DENIED: row(121, 'PERMISSION_DENIED', 'final', 'definite', 'The principal may not do this, or not in this namespace.'),
  // The rest.
  CANCELLED: row(130, 'CANCELLED', 'final', 'indefinite', 'The caller cancelled.'),
  INTERNAL: row(131, 'INTERNAL', 'final', 'indefinite', "A bug of Moldau; the server's log has the cause under the same trace id."),
  ...GROUP_ERRORS,
  ...TRANSACTION_ERRORS,
  ...SHARD_ERRORS,
  TRANSACTION_OUTCOME_UNKNOWN: row(
    180,
    'ABORTED',
    'final',
    'indefinite',
    'A commit was sent, and no answer told whether it was carried out: all of the transaction counts, or nothing of it. Commit again to learn which.',
  ),
  // Brokers.
  BROKER_NOT_REMOVABLE: row(190, 'FAILED_PRECONDITION', 'final', 'definite', 'The broker still serves, has a session, or holds replicas.'),
  ...CONNECT_ERRORS,
  ...STREAMS_ERRORS,
} as const satisfies Record<string, CatalogueEntry>;

export type ErrorName = keyof typeof ERROR_CATALOGUE;

export function isErrorName(name: string): name is ErrorName {
  return Object.hasOwn(ERROR_CATALOGUE, name);
}
