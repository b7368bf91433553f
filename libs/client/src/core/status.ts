import type { MoldauError } from '@moldau/kernel';

/** What a client tells of its connection to the cluster, for logs and health checks; nothing needs to be done about it. */
export type ClientStatus =
  /** The first answer of the cluster, or the first after `disconnected`. */
  | { readonly kind: 'connected'; readonly clusterId: string; readonly address: string }
  /** No address answers; the client goes on trying. */
  | { readonly kind: 'disconnected'; readonly error: MoldauError }
  /** A consumer's position lay outside the log and was moved as `onOutOfRange` says. */
  | { readonly kind: 'position-reset'; readonly topic: string; readonly partition: number; readonly from: number; readonly to: number }
  /** A partition of a producer went on under a new producer id, because the broker lost the old one's state. */
  | { readonly kind: 'producer-reset'; readonly topic: string; readonly partition: number; readonly error: MoldauError };

export type StatusListener = (status: ClientStatus) => void;
