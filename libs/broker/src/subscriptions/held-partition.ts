import type { TopicId } from '@moldau/kernel';
import { ReadEpochs } from '@moldau/records';
import { ReadPosition } from '../gateway/read-position.ts';
import type { ReadSource } from '../gateway/read-source.ts';

/**
 * A partition that a subscription holds.
 *
 *   starting   it is not known yet where the group is
 *   anchoring  the group begins here: its position is committed before anything is delivered
 *   reading    its records are delivered
 *   revoking   nothing more is delivered; what was is waited for
 *   dropped    it is another's
 *
 * Moves: starting → anchoring → reading; starting → reading; each of them → revoking → dropped; each → dropped.
 */
export type PartitionState = 'starting' | 'anchoring' | 'reading' | 'revoking' | 'dropped';

export class HeldPartition {
  readonly topicId: TopicId;
  readonly topic: string;
  readonly index: number;
  state: PartitionState = 'starting';
  source: ReadSource | undefined;
  /** Undefined while it is starting. */
  position: ReadPosition | undefined;
  /** Up to here records were delivered, or there were none to deliver. */
  delivered = 0;
  /** Leader epochs of what was delivered. */
  readonly epochs = new ReadEpochs();
  /** What the group has committed, as far as it is known. */
  committed: number | undefined;

  constructor(topicId: TopicId, topic: string, index: number) {
    this.topicId = topicId;
    this.topic = topic;
    this.index = index;
  }

  get isDropped(): boolean {
    return this.state === 'dropped';
  }

  /** Reads from here on. */
  goTo(source: ReadSource, offset: number): void {
    this.delivered = offset;
    this.epochs.cut(offset);
    this.position = new ReadPosition(source, offset, undefined, this.epochs);
  }

  revoke(): void {
    if (this.state !== 'dropped') this.state = 'revoking';
  }

  drop(): void {
    this.state = 'dropped';
    this.source?.close();
  }
}
