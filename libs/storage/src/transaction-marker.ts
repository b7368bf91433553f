import type { LeaderEpoch, Offset } from '@moldau/kernel';
import { buildTransactionMarker } from '@moldau/records';
import { appendBatches } from './append.ts';
import type { PartitionState } from './partition-state.ts';
import type { MarkerClaim } from './producer-checks.ts';
import type { StorageContext } from './storage-context.ts';

/** What became of a marker. The partition has it for certain once the high watermark is at `end`. */
export interface MarkerAppend {
  /** `present`: an earlier one with this epoch was here; nothing was appended. */
  readonly kind: 'appended' | 'present';
  readonly end: Offset;
}

/** Appends the marker that ends a producer's transaction, unless it has one of this epoch. */
export function appendMarker(context: StorageContext, state: PartitionState, claim: MarkerClaim, leaderEpoch: LeaderEpoch): MarkerAppend {
  if (state.producers.checkMarker(claim) === 'present') return { kind: 'present', end: state.endOffset as Offset };
  const { producerId, producerEpoch, outcome, coordinatorEpoch } = claim;
  const timestamp = context.ports.clock.wallMs();
  const batch = buildTransactionMarker({ outcome, coordinatorEpoch }, { timestamp, producerId, producerEpoch });
  return { kind: 'appended', end: appendBatches(context, state, batch, { kind: 'leader', leaderEpoch }).end };
}
