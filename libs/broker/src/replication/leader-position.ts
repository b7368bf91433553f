import { MoldauError, type Offset } from '@moldau/kernel';
import { errorToItem, type PartitionNews, type ReplicaPosition, type WithBatches } from '@moldau/protocol';
import { divergence, NO_EPOCH } from '@moldau/replication';
import type { ReadResult } from '@moldau/storage';
import { sizeOf } from '../fetch/visible-read.ts';
import type { Partition } from '../partition/partition.ts';
import type { PartitionLog } from '../partition/partition-log.ts';

/**
 * idle → sending → idle …; sending ⇄ reading. `idle`: nothing is sent until the follower asks (again), because its log parts
 * from the leader's, or something failed. `reading`: the disk has been asked; what it finds is sent when it comes.
 */
type State = 'idle' | 'sending' | 'reading';

/** What is sent of one partition, and what must be let go once it is. */
export interface Delivery {
  readonly news: WithBatches<PartitionNews>;
  readonly sizeBytes: number;
  readonly release: () => void;
  /** Why nothing is sent, when that is told. */
  readonly failure?: MoldauError;
}

/** The disk has been asked; it settles when `deliver` may be called again. */
export interface DiskRead {
  readonly reading: Promise<void>;
}

const NOTHING_TO_RELEASE = (): void => {};

/** One partition on the stream of a follower: where it is in the leader's log, and what it knows. */
export class LeaderPosition {
  readonly id: number;
  readonly partition: Partition;
  #state: State = 'idle';
  #epoch = -1;
  #next = 0;
  #found: ReadResult | undefined;
  /** Why a read of the disk failed: told in the next turn. */
  #failure: MoldauError | undefined;
  #toldWatermark = -1;
  #toldStart = -1;
  #isBehind = false;

  constructor(id: number, partition: Partition) {
    this.id = id;
    this.partition = partition;
  }

  /** Leader epoch in which the follower follows. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Whether the follower's log was found to agree with the leader's, so that its ends count. */
  get agrees(): boolean {
    return this.#state !== 'idle';
  }

  /** Whether its last read went to the disk: the next one probably does too. */
  get isBehind(): boolean {
    return this.#isBehind;
  }

  /** Whether something may be sent without being asked. */
  get isSending(): boolean {
    return this.#state === 'sending';
  }

  /** Whether the follower does not know the high watermark yet, and nothing else will tell it. */
  get owesWatermark(): boolean {
    return this.#state === 'sending' && (this.partition.highWatermark ?? -1) > this.#toldWatermark;
  }

  /**
   * The follower asks to be sent what is new from its end on. Answers with why not, or undefined when it is sent from now on.
   */
  ask(asked: ReplicaPosition): Delivery | undefined {
    this.#dropFound();
    this.#state = 'idle';
    this.#epoch = asked.leaderEpoch;
    this.#toldWatermark = -1;
    this.#toldStart = -1;
    try {
      const { log } = this.partition.leading(asked.leaderEpoch);
      const refused = this.#disagreement(log, asked);
      if (refused !== undefined) return refused;
      this.#next = asked.receivedEnd;
      this.#state = 'sending';
      return undefined;
    } catch (caught) {
      return this.fail(MoldauError.from(caught));
    }
  }

  /**
   * What there is to send: batches, a new high watermark or start, an error; undefined when there is nothing. `maxBytes` 0: no
   * batches.
   */
  deliver(maxBytes: number): Delivery | DiskRead | undefined {
    if (this.#state !== 'sending') return undefined;
    try {
      const { log } = this.partition.leading(this.#epoch);
      if (this.#next < log.startOffset) return this.#stop(log, {});
      if (this.#found === undefined && this.#failure === undefined && maxBytes > 0 && this.#next < log.writtenEnd) {
        const read = log.read(this.#next as Offset, { maxBytes, upTo: log.writtenEnd });
        this.#isBehind = read instanceof Promise;
        if (read instanceof Promise) return this.#await(read);
        this.#found = read;
      }
      return this.#deliverFound(log, maxBytes);
    } catch (caught) {
      return this.fail(MoldauError.from(caught));
    }
  }

  /** Whether there is more to send. */
  get hasMore(): boolean {
    if (this.#state !== 'sending') return false;
    return this.#found !== undefined || this.#failure !== undefined || this.#next < (this.partition.log?.writtenEnd ?? 0);
  }

  /** Tells the follower that it is sent nothing more, and why. */
  fail(error: MoldauError): Delivery {
    this.#dropFound();
    this.#state = 'idle';
    return failure(this.id, this.#epoch, error);
  }

  /** The follower has left; what was read is let go. */
  close(): void {
    this.#dropFound();
    this.#state = 'idle';
  }

  /** Why the follower's log can't be continued as it is. */
  #disagreement(log: PartitionLog, asked: ReplicaPosition): Delivery | undefined {
    const { receivedEnd, lastFetchedEpoch = NO_EPOCH } = asked;
    if (receivedEnd < log.startOffset) return this.#stop(log, {});
    const diverging = divergence(log, lastFetchedEpoch, receivedEnd as Offset);
    return diverging === undefined ? undefined : this.#stop(log, { diverging });
  }

  /** Says where the leader's log begins, or where the two part, and waits to be asked again. */
  #stop(log: PartitionLog, said: Pick<PartitionNews, 'diverging'>): Delivery {
    this.#dropFound();
    this.#state = 'idle';
    return this.#news({ ...this.#ends(log), ...said });
  }

  #await(read: Promise<ReadResult>): DiskRead {
    this.#state = 'reading';
    const epoch = this.#epoch;
    const next = this.#next;
    const reading = read.then(
      (found) => {
        // Asked again, or closed, meanwhile.
        if (this.#state !== 'reading' || this.#epoch !== epoch || this.#next !== next) {
          found.release();
          return;
        }
        this.#state = 'sending';
        this.#found = found;
      },
      (caught: unknown) => {
        if (this.#state !== 'reading' || this.#epoch !== epoch || this.#next !== next) return;
        this.#state = 'sending';
        this.#failure = MoldauError.from(caught);
      },
    );
    return { reading };
  }

  #deliverFound(log: PartitionLog, maxBytes: number): Delivery | undefined {
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) return this.fail(failure);
    const ends = this.#ends(log);
    const found = maxBytes > 0 ? this.#found : undefined;
    const nothing = found === undefined || found.batches.length === 0;
    if (nothing && ends.highWatermark <= this.#toldWatermark && ends.logStartOffset <= this.#toldStart) return undefined;
    this.#toldWatermark = ends.highWatermark;
    this.#toldStart = ends.logStartOffset;
    if (found === undefined) return this.#news(ends);
    this.#found = undefined;
    this.#next = found.nextOffset;
    const head = { positionId: this.id, ...ends };
    return { news: { head, batches: found.batches }, sizeBytes: sizeOf(found), release: found.release };
  }

  #ends(log: PartitionLog): Pick<PartitionNews, 'leaderEpoch' | 'highWatermark' | 'logStartOffset'> {
    return { leaderEpoch: this.#epoch, highWatermark: this.partition.highWatermark ?? 0, logStartOffset: log.startOffset };
  }

  #news(head: Omit<PartitionNews, 'positionId' | 'recordBatches'>): Delivery {
    return { news: { head: { positionId: this.id, ...head }, batches: [] }, sizeBytes: 0, release: NOTHING_TO_RELEASE };
  }

  #dropFound(): void {
    this.#found?.release();
    this.#found = undefined;
    this.#failure = undefined;
  }
}

/** Tells why the partition of this position is not sent, in the epoch in which it was asked for. */
export function failure(positionId: number, askedEpoch: number, error: MoldauError): Delivery {
  const head = { positionId, leaderEpoch: askedEpoch, highWatermark: 0, logStartOffset: 0, error: errorToItem(error) };
  return { news: { head, batches: [] }, sizeBytes: 0, release: NOTHING_TO_RELEASE, failure: error };
}
