import type { MoldauError } from '@moldau/kernel';
import type { PendingBatch } from './pending-batch.ts';

/** Completed entries at the front of the array before they are cut off. */
const COMPACT_AT = 1024;

/**
 * Batches that wait for an end (the high watermark, or the leader's own) to reach them, in the order of their arrival.
 * A batch that failed after others had begun to wait stands in the queue too, so that answers keep that order.
 */
export class AckQueue {
  #batches: PendingBatch[] = [];
  #head = 0;
  #lastConfirmedAt = 0;
  #earliestDeadlineMs = Number.POSITIVE_INFINITY;

  get length(): number {
    return this.#batches.length - this.#head;
  }

  /** Adds a batch; one that asks for less than those before it waits with them. */
  push(batch: PendingBatch): void {
    if (this.length > 0 && batch.confirmedAt < this.#lastConfirmedAt) batch.confirmedAt = this.#lastConfirmedAt;
    this.#lastConfirmedAt = batch.confirmedAt;
    this.#earliestDeadlineMs = Math.min(this.#earliestDeadlineMs, batch.deadlineMs);
    this.#batches.push(batch);
  }

  /** Hands over the batches that `end` confirms, first come first. */
  confirm(end: number, done: (batch: PendingBatch) => void): void {
    while (this.#head < this.#batches.length) {
      const batch = this.#batches[this.#head]!;
      if (batch.confirmedAt > end) break;
      this.#head += 1;
      done(batch);
    }
    this.#compact();
  }

  /** Hands over the batches whose deadline has passed. */
  expire(nowMs: number, done: (batch: PendingBatch) => void): void {
    if (nowMs < this.#earliestDeadlineMs) return;
    this.#earliestDeadlineMs = Number.POSITIVE_INFINITY;
    this.#remove((batch) => {
      if (batch.deadlineMs <= nowMs) return true;
      this.#earliestDeadlineMs = Math.min(this.#earliestDeadlineMs, batch.deadlineMs);
      return false;
    }, done);
  }

  /** Fails the batches that need anything of [from, to). */
  drop(from: number, to: number, error: MoldauError, done: (batch: PendingBatch) => void): void {
    const hit = (batch: PendingBatch): boolean => batch.error === undefined && batch.endOffset > from && batch.baseOffset < to;
    this.#remove(hit, (batch) => {
      batch.error = error;
      done(batch);
    });
    // What was taken back is not waited for.
    for (let at = this.#head; at < this.#batches.length; at += 1) {
      const batch = this.#batches[at]!;
      if (batch.confirmedAt > from) batch.confirmedAt = Math.max(batch.endOffset, from);
    }
    this.#lastConfirmedAt = this.#batches.at(-1)?.confirmedAt ?? 0;
  }

  /** Fails all. */
  clear(error: MoldauError, done: (batch: PendingBatch) => void): void {
    const batches = this.#batches.slice(this.#head);
    this.#batches = [];
    this.#head = 0;
    this.#earliestDeadlineMs = Number.POSITIVE_INFINITY;
    for (const batch of batches) {
      batch.error ??= error;
      done(batch);
    }
  }

  #remove(hit: (batch: PendingBatch) => boolean, done: (batch: PendingBatch) => void): void {
    const removed: PendingBatch[] = [];
    const kept: PendingBatch[] = [];
    for (let at = this.#head; at < this.#batches.length; at += 1) {
      const batch = this.#batches[at]!;
      (hit(batch) ? removed : kept).push(batch);
    }
    this.#batches = kept;
    this.#head = 0;
    for (const batch of removed) done(batch);
  }

  #compact(): void {
    if (this.#head === this.#batches.length) {
      this.#batches = [];
      this.#head = 0;
      this.#earliestDeadlineMs = Number.POSITIVE_INFINITY;
    } else if (this.#head >= COMPACT_AT) {
      this.#batches = this.#batches.slice(this.#head);
      this.#head = 0;
    }
  }
}
