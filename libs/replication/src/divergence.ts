import type { Offset } from '@moldau/kernel';

/** The last epoch of a log that holds no batch; what `LogEpochs` has nothing at or below. */
export const NO_EPOCH = -1;

/** Where one epoch of a log ends. */
export interface EpochEnd {
  readonly epoch: number;
  readonly endOffset: number;
}

/** Which leader epoch wrote which offsets of a log. */
export interface LogEpochs {
  readonly startOffset: Offset;
  readonly endOffset: Offset;
  /** The greatest epoch that is not above `epoch`, and where it ends in this log; undefined when all are greater. */
  endOffsetFor(epoch: number): EpochEnd | undefined;
}

/** Where two logs part; the follower truncates to it and asks again. */
export interface Divergence {
  /** The greatest epoch of the leader's log that is not above the follower's last; `NO_EPOCH` when there is none. */
  readonly epoch: number;
  /** Where that epoch ends in the leader's log; with `NO_EPOCH`, where the leader's log begins. */
  readonly endOffset: Offset;
}

/**
 * The leader's answer to a follower whose last batch has `lastEpoch` and whose log ends at `end`: undefined when the
 * follower's log is a beginning of the leader's (or lies below its start, where it begins anew anyway), else where they
 * part at the latest. One answer need not be the last: the follower truncates and asks again until nothing parts them
 * (KIP-101, KIP-279; the diverging epoch of KIP-595).
 */
export function divergence(leader: LogEpochs, lastEpoch: number, end: Offset): Divergence | undefined {
  if (end < leader.startOffset) return undefined;
  const common = leader.endOffsetFor(lastEpoch);
  if (common !== undefined && lastEpoch !== NO_EPOCH) {
    if (common.epoch === lastEpoch && end <= common.endOffset) return undefined;
    return { epoch: common.epoch, endOffset: common.endOffset as Offset };
  }
  // An empty log agrees with every log that reaches its end.
  if (lastEpoch === NO_EPOCH) return end <= leader.endOffset ? undefined : { epoch: NO_EPOCH, endOffset: leader.endOffset };
  // All the leader has is newer than the follower's last batch: they agree only where the leader's begins.
  return end === leader.startOffset ? undefined : { epoch: NO_EPOCH, endOffset: leader.startOffset };
}

/**
 * What the follower makes of the answer: the offset from which on it can't have what the leader has. At most its own end,
 * and where its own log has nothing of the named epoch or an older one, its own start.
 */
export function truncationPoint(follower: LogEpochs, diverging: Divergence): Offset {
  if (diverging.epoch === NO_EPOCH) return Math.min(diverging.endOffset, follower.endOffset) as Offset;
  const own = follower.endOffsetFor(diverging.epoch)?.endOffset ?? follower.startOffset;
  return Math.min(own, diverging.endOffset, follower.endOffset) as Offset;
}
