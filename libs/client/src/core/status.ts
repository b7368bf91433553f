import type { MoldauError } from '@moldau/kernel';

/** Who uses a partition. */
export type PartitionRole = 'producer' | 'consumer';

/** What a client tells of its connection to the cluster, for logs and health checks; nothing needs to be done about it. */
export type ClientStatus =
  /** The first answer of the cluster, or the first after `disconnected`. */
  | { readonly kind: 'connected'; readonly clusterId: string; readonly address: string }
  /** No address answers; the client goes on trying. */
  | { readonly kind: 'disconnected'; readonly error: MoldauError }
  /** A broker that is needed has not answered for a second; the client goes on trying. */
  | { readonly kind: 'broker-unreachable'; readonly brokerId: number; readonly address: string; readonly error: MoldauError }
  /** It answers again. */
  | { readonly kind: 'broker-reachable'; readonly brokerId: number; readonly address: string; readonly unreachableMs: number }
  /**
   * A producer or consumer has tried for a second to write or read a partition: it has no leader, its leader does not answer
   * or refuses for now. The client goes on trying; what a producer holds waits until its delivery timeout.
   */
  | {
      readonly kind: 'partition-unavailable';
      readonly role: PartitionRole;
      readonly topic: string;
      readonly partition: number;
      readonly error: MoldauError;
    }
  /** It is written or read again. */
  | {
      readonly kind: 'partition-available';
      readonly role: PartitionRole;
      readonly topic: string;
      readonly partition: number;
      readonly unavailableMs: number;
    }
  /** A consumer's position lay outside the log and was moved as `onOutOfRange` says. */
  | { readonly kind: 'position-reset'; readonly topic: string; readonly partition: number; readonly from: number; readonly to: number }
  /** A partition of a producer went on under a new producer id, because the broker lost the old one's state. */
  | { readonly kind: 'producer-reset'; readonly topic: string; readonly partition: number; readonly error: MoldauError };

export type StatusListener = (status: ClientStatus) => void;

/** How a client stands now: the statuses that have begun and not ended. */
export interface ClientHealth {
  /** Whether the last request for metadata was answered; false before the first. */
  readonly connected: boolean;
  readonly unreachableBrokers: readonly UnreachableBroker[];
  readonly unavailablePartitions: readonly UnavailablePartition[];
}

export interface UnreachableBroker {
  readonly brokerId: number;
  readonly address: string;
  /** Since the first failure. */
  readonly forMs: number;
  /** Of the last try. */
  readonly error: MoldauError;
}

export interface UnavailablePartition {
  readonly role: PartitionRole;
  readonly topic: string;
  readonly partition: number;
  /** Since the first failure. */
  readonly forMs: number;
  /** Of the last try. */
  readonly error: MoldauError;
}
