import type { MetadataImage } from '@moldau/cluster';
import type { BrokerId } from '@moldau/kernel';
import type { Deadline } from '../limits/deadline-wheel.ts';
import type { Partition } from '../partition/partition.ts';
import type { CopyThrottle } from './copy-throttle.ts';
import { FollowerStream, type FollowerStreamDeps } from './follower-stream.ts';
import type { AskedPosition, FollowerFeed } from './following.ts';

/** How often partitions that failed are looked at: how late a retry may be. */
const RETRY_SWEEP_MS = 50;

/**
 * The streams of this broker to the leaders of what it follows: one for each, and a second one for replicas that are being copied
 * while a throttle holds them back. Those to brokers that serve are there before anything follows them: when leaders move, records
 * are not acknowledged until followers have found the new ones, and a connection of its own would be the longest part of it.
 */
export class FollowerStreams implements FollowerFeed {
  readonly #deps: FollowerStreamDeps;
  readonly #throttle: CopyThrottle;
  readonly #streams = new Map<BrokerId, FollowerStream>();
  readonly #throttled = new Map<BrokerId, FollowerStream>();
  readonly #streamOf = new Map<Partition, FollowerStream>();
  readonly #failed = new Set<Partition>();
  readonly #unlisten: () => void;
  #sweep: Deadline | undefined;
  #closed = false;

  constructor(deps: FollowerStreamDeps, throttle: CopyThrottle) {
    this.#deps = deps;
    this.#throttle = throttle;
    this.#unlisten = deps.cluster.listen(({ image, delta }) => {
      if (delta === undefined || delta.brokers.size > 0) this.#prepare(image);
    });
  }

  /** Partitions that follow a leader. */
  get size(): number {
    return this.#streamOf.size;
  }

  ask(partition: Partition, position: AskedPosition): void {
    if (this.#closed) return;
    const before = this.#streamOf.get(partition);
    const isThrottled = this.#isHeldBack(partition);
    if (before !== undefined && (before.leaderId !== position.leaderId || before.isThrottled !== isThrottled)) {
      this.#leaveStream(partition, before);
    }
    const stream = this.#streamTo(position.leaderId, isThrottled);
    this.#streamOf.set(partition, stream);
    stream.ask(partition, position);
  }

  restream(partition: Partition): void {
    const stream = this.#streamOf.get(partition);
    // It asks anew, and that puts it on the stream where it belongs.
    if (stream !== undefined && stream.isThrottled !== this.#isHeldBack(partition)) partition.following?.connected();
  }

  /** The throttle has begun to limit, or does no more. */
  restreamAll(): void {
    for (const partition of [...this.#streamOf.keys()]) this.restream(partition);
  }

  acknowledge(partition: Partition): void {
    this.#streamOf.get(partition)?.acknowledge(partition);
  }

  retryLater(partition: Partition): void {
    if (this.#closed) return;
    this.#failed.add(partition);
    this.#sweep ??= this.#deps.wheel.after(RETRY_SWEEP_MS, () => this.#retry());
  }

  leave(partition: Partition): void {
    this.#failed.delete(partition);
    const stream = this.#streamOf.get(partition);
    if (stream !== undefined) this.#leaveStream(partition, stream);
  }

  close(): void {
    this.#closed = true;
    this.#unlisten();
    this.#sweep?.cancel();
    for (const streams of [this.#streams, this.#throttled]) {
      for (const stream of streams.values()) stream.close();
      streams.clear();
    }
    this.#streamOf.clear();
    this.#failed.clear();
  }

  /** Never one that is in sync, nor one that fell behind and has been a replica all along: the promise may need it. */
  #isHeldBack(partition: Partition): boolean {
    return partition.isBeingAdded && this.#throttle.limits;
  }

  #streamTo(leaderId: BrokerId, isThrottled: boolean): FollowerStream {
    const streams = isThrottled ? this.#throttled : this.#streams;
    let stream = streams.get(leaderId);
    if (stream === undefined) {
      stream = new FollowerStream(this.#deps, leaderId, isThrottled ? this.#throttle : undefined);
      streams.set(leaderId, stream);
    }
    return stream;
  }

  #leaveStream(partition: Partition, stream: FollowerStream): void {
    this.#streamOf.delete(partition);
    stream.leave(partition);
    if (stream.size > 0 || (!stream.isThrottled && this.#serves(stream.leaderId, this.#deps.cluster.current))) return;
    (stream.isThrottled ? this.#throttled : this.#streams).delete(stream.leaderId);
    stream.close();
  }

  /** Opens the streams to brokers that serve, and ends those that nothing follows to brokers that do no more. */
  #prepare(image: MetadataImage): void {
    if (this.#deps.brokerEpoch() === undefined) return;
    for (const brokerId of image.brokers.keys()) {
      if (this.#serves(brokerId, image)) this.#streamTo(brokerId, false);
    }
    for (const [brokerId, stream] of [...this.#streams]) {
      if (stream.size > 0 || this.#serves(brokerId, image)) continue;
      this.#streams.delete(brokerId);
      stream.close();
    }
  }

  #serves(brokerId: BrokerId, image: MetadataImage): boolean {
    return brokerId !== this.#deps.brokerId && image.brokers.get(brokerId)?.fenced === false;
  }

  #retry(): void {
    this.#sweep = undefined;
    const nowMs = this.#deps.clock.monotonicMs();
    for (const partition of [...this.#failed]) {
      const dueMs = partition.following?.retryAtMs;
      if (dueMs !== undefined && dueMs > nowMs) continue;
      this.#failed.delete(partition);
      if (dueMs !== undefined) partition.following?.retry();
    }
    if (this.#failed.size > 0) this.#sweep ??= this.#deps.wheel.after(RETRY_SWEEP_MS, () => this.#retry());
  }
}
