import { type ErrorName, MoldauError } from '@moldau/kernel';

/** Why a transaction of a transform was not committed. */
export interface TransformFailure {
  readonly error: MoldauError;
  /** As it was thrown. */
  readonly thrown: unknown;
  /** Another try may go better: not after being fenced, for one. */
  readonly isRepeatable: boolean;
  /** The same records would fail again, but for a change of the program or of the cluster's settings. */
  readonly isOfRecords: boolean;
}

/** After these any try would fail. */
const FATAL: ReadonlySet<ErrorName> = new Set([
  'FENCED_PRODUCER',
  'CLIENT_CLOSED',
  'PERMISSION_DENIED',
  'UNAUTHENTICATED',
  'INVALID_TRANSACTIONAL_ID',
  'INVALID_TRANSACTION_TIMEOUT',
  'INVALID_GROUP_ID',
]);

/** Final for the transaction, and nothing that its records are to blame for. */
const OF_CLUSTER: ReadonlySet<ErrorName> = new Set([
  'TRANSACTION_ABORTED',
  'UNKNOWN_TRANSACTIONAL_ID',
  'INVALID_TRANSACTION_STATE',
  'FENCED_PRODUCER',
  'UNKNOWN_MEMBER',
  'FENCED_MEMBER_EPOCH',
  'NOT_PARTITION_OWNER',
  'DELIVERY_EXPIRED',
  'DELIVERY_TIMED_OUT',
  'DELIVERY_UNKNOWN',
  'OUT_OF_ORDER_SEQUENCE',
  'DUPLICATE_SEQUENCE',
  'UNKNOWN_PRODUCER',
  'BUFFER_FULL',
]);

/** What an error of a transaction means for the next try. */
export function transformFailure(thrown: unknown): TransformFailure {
  const error = MoldauError.from(thrown);
  const root = error.reason === 'TRANSACTION_ABORTED' && error.cause instanceof MoldauError ? error.cause : error;
  const isOwn = !(thrown instanceof MoldauError);
  return {
    error,
    thrown,
    isRepeatable: isOwn || !FATAL.has(error.reason),
    isOfRecords: isOwn || !(root.retriable || OF_CLUSTER.has(root.reason)),
  };
}

/** Nobody knows how the transaction ended, and nobody ever will. */
export function isLostFor(error: MoldauError): boolean {
  return FATAL.has(error.reason) || (error.cause instanceof MoldauError && FATAL.has(error.cause.reason));
}
