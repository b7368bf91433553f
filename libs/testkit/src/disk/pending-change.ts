import type { GrowableBytes } from './growable-bytes.ts';

/** A change to a file that no sync has made durable yet. */
export type PendingChange =
  | { readonly kind: 'write'; readonly sequence: number; readonly position: number; readonly bytes: Uint8Array }
  | { readonly kind: 'truncate'; readonly sequence: number; readonly size: number };

export function applyChange(bytes: GrowableBytes, change: PendingChange): void {
  if (change.kind === 'write') bytes.write(change.bytes, change.position);
  else bytes.resize(change.size);
}
