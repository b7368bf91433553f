import type { CallMetadata, MethodPath, Status } from '@moldau/kernel';

/** What travels between the two ends of a call. Bytes are copied when a packet is made. */
export type Packet =
  | { readonly kind: 'open'; readonly path: MethodPath; readonly metadata: CallMetadata; readonly timeoutMs: number | undefined }
  | { readonly kind: 'message'; readonly bytes: Uint8Array }
  /** The client sends no more. */
  | { readonly kind: 'end' }
  /** The receiver has taken so many bytes out of its window. */
  | { readonly kind: 'credit'; readonly bytes: number }
  /** The server ended the call. */
  | { readonly kind: 'status'; readonly status: Status }
  /** The client ended the call. */
  | { readonly kind: 'cancel'; readonly status: Status };
