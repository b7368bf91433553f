import type { MoldauError } from '@moldau/kernel';

/** What a failed attempt means for the batch and for the partition's sequence. */
export type FailureKind =
  /** Send it again, in its place. */
  | 'retry'
  /** The broker does not know the session as we do: a new one is needed, unless an earlier failure explains it. */
  | 'sequence'
  /** It is in the log; where, the broker has forgotten. */
  | 'duplicate'
  /** Sending it again would not help. */
  | 'final';

export function failureKind(error: MoldauError): FailureKind {
  switch (error.reason) {
    case 'DUPLICATE_SEQUENCE':
      return 'duplicate';
    case 'OUT_OF_ORDER_SEQUENCE':
    case 'UNKNOWN_PRODUCER':
    case 'FENCED_PRODUCER':
      return 'sequence';
    default:
      return error.retriable ? 'retry' : 'final';
  }
}

/** Whether the error says that somebody else leads the partition by now, or that nobody answers. */
export function isLeadershipError(error: MoldauError): boolean {
  switch (error.reason) {
    case 'NOT_LEADER':
    case 'LEADER_NOT_AVAILABLE':
    case 'FENCED_LEADER_EPOCH':
    case 'UNKNOWN_LEADER_EPOCH':
    case 'LEADER_CHANGED_AFTER_APPEND':
    case 'SHUTTING_DOWN':
    case 'CONNECTION_FAILED':
    case 'SERVER_UNREACHABLE':
    case 'PARTITION_OFFLINE':
    case 'LOG_DIRECTORY_OFFLINE':
    case 'LOG_DIRECTORY_FAILED_AFTER_APPEND':
    case 'UNKNOWN_TOPIC':
    case 'UNKNOWN_PARTITION':
      return true;
    default:
      return false;
  }
}

/** What was seen to go wrong while a batch waited. */
export interface DeliveryTroubles {
  /** Why nothing could be written to its partition lately. */
  readonly partition?: MoldauError | undefined;
  /** Why the metadata could not be refreshed. */
  readonly metadata: MoldauError | undefined;
  /** Why each broker that does not answer did not. */
  readonly brokers: readonly { readonly subject: { readonly brokerId: number; readonly address: string }; readonly error: MoldauError }[];
}
