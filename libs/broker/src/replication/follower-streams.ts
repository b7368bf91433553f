import type { BrokerId } from '@moldau/kernel';
import type { Deadline } from '../limits/deadline-wheel.ts';
import type { Partition } from '../partition/partition.ts';
import { FollowerStream, type FollowerStreamDeps } from './follower-stream.ts';
import type { AskedPosition, FollowerFeed } from './following.ts';

/** How often partitions that failed are looked at: how late a retry may be. */
const RETRY_SWEEP_MS = 50;

/** The streams of this broker to the leaders of what it follows: one for each leader, while anything follows there. */
export class FollowerStreams implements FollowerFeed {
  readonly #deps: FollowerStreamDeps;
  readonly #streams = new Map<BrokerId, FollowerStream>();
  readonly #streamOf = new Map<Partition, FollowerStream>();
  readonly #failed = new Set<Partition>();
  #sweep: Deadline | undefined;
  #closed = false;

  constructor(deps: FollowerStreamDeps) {
    this.#deps = deps;
  }

  /** Partitions that follow a leader. */
  get size(): number {
    return this.#streamOf.size;
  }

  ask(partition: Partition, position: AskedPosition): void {
    if (this.#closed) return;
    const before = this.#streamOf.get(partition);
    if (before !== undefined && before.leaderId !== position.leaderId) this.#leaveStream(partition, before);
    const stream = this.#streamTo(position.leaderId);
    this.#streamOf.set(partition, stream);
    stream.ask(partition, position);
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
    this.#sweep?.cancel();
    for (const stream of this.#streams.values()) stream.close();
    this.#streams.clear();
    this.#streamOf.clear();
    this.#failed.clear();
  }

  #streamTo(leaderId: BrokerId): FollowerStream {
    let stream = this.#streams.get(leaderId);
    if (stream === undefined) {
      stream = new FollowerStream(this.#deps, leaderId);
      this.#streams.set(leaderId, stream);
    }
    return stream;
  }

  #leaveStream(partition: Partition, stream: FollowerStream): void {
    this.#streamOf.delete(partition);
    stream.leave(partition);
    if (stream.size > 0) return;
    this.#streams.delete(stream.leaderId);
    stream.close();
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
