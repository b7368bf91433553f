import type { MoldauError } from '@moldau/kernel';
import type { StreamTask } from '@moldau/streams';

/**
 * Where a hosted task stands:
 *
 *   waiting ─ all its partitions are here ─▶ restoring ─ state is complete ─▶ running
 *   restoring | running ─ a transaction failed: from the last commit ─▶ restoring
 *   restoring | running ─ a failure that no handler takes ─▶ failed
 *   waiting ─ somebody else runs it ─▶ following ─ all its partitions are here ─▶ restoring
 *   any ─ a partition goes, or the runtime ends ─▶ closed
 */
export type TaskPhase =
  | { readonly t: 'waiting' }
  | { readonly t: 'restoring' }
  | { readonly t: 'following' }
  | { readonly t: 'running'; readonly task: StreamTask }
  | { readonly t: 'failed'; readonly error: MoldauError }
  | { readonly t: 'closed' };
