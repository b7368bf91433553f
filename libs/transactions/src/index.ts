export { type MarkerDirectory, type MarkerRoutes, type RoutedMarker, routeMarkers } from './marker-routes.ts';
export { type MarkerConfirmation, type MarkerTask, outcomeOf } from './markers.ts';
export type { AbortTransactionRequest } from './operations/abort-transaction.ts';
export type { AddToTransactionRequest, VerifyTransactionRequest } from './operations/add-to-transaction.ts';
export type { EndedTransaction, EndTransactionRequest } from './operations/end-transaction.ts';
export type { InitProducerRequest } from './operations/init-producer.ts';
export {
  GROUPS_PER_TRANSACTION_MAX,
  PARTITIONS_PER_TRANSACTION_MAX,
  type Participants,
  type TopicPartition,
} from './participants.ts';
export { type ProducerIds, type ProducerSession, SESSION_EPOCH_MAX } from './producer-session.ts';
export type { Answer, Result } from './result.ts';
export { shardOfTransaction } from './shard-of.ts';
export type { EndCause, TransactionEntry, TransactionName, TransactionState } from './transaction-entry.ts';
export { decodeTransactionRecord, encodeTransactionRecord, type TransactionRecord } from './transaction-record.ts';
export {
  EXPIRED_PER_ROUND_MAX,
  IDLE_EXPIRATION_MS,
  TRANSACTION_TIMEOUT_MS_MAX,
  TransactionShard,
  type TransactionShardOptions,
  type Undo,
} from './transaction-shard.ts';
