import type { Offset } from '@moldau/kernel';
import type { LogEpochs } from '../divergence.ts';

/** What a follower looks at in its log. */
export interface FollowerLog extends LogEpochs {
  readonly highWatermark: Offset;
  /** Epoch of the last batch; `NO_EPOCH` when there is none. */
  readonly lastEpoch: number;
}
