import type { Logger, MoldauError, Scheduler, Timer } from '@moldau/kernel';
import { itemToError, type MembershipCommit, type MembershipCommitted } from '@moldau/protocol';
import type { HeldPartition } from './held-partition.ts';

/** Offsets of one commit. */
const OFFSETS_MAX = 10_000;
/** Commits of partitions that are given up do not wait for answers; beyond so many they do. A member may have 100 unanswered. */
const IN_FLIGHT_MAX = 50;
/** Before a commit that failed is sent again, in milliseconds. */
const RETRY_MS = 200;

export interface PositionCommitsDeps {
  readonly scheduler: Scheduler;
  readonly logger: Logger;
  /** Up to where a partition may be committed. */
  committable(partition: HeldPartition): number;
  send(commit: MembershipCommit): void;
  /** An answer came; `committed` of its partitions is up to date. */
  answered(): void;
}

interface Entry {
  readonly partition: HeldPartition;
  readonly offset: number;
}

/** Commits of positions: one on its way, and meanwhile the others gather for the next. */
export class PositionCommits {
  readonly #deps: PositionCommitsDeps;
  readonly #dirty = new Set<HeldPartition>();
  readonly #inFlight = new Map<number, readonly Entry[]>();
  #nextId = 1;
  #retry: Timer | undefined;

  constructor(deps: PositionCommitsDeps) {
    this.#deps = deps;
  }

  /** Nothing is to be committed, and nothing is unanswered. */
  get isIdle(): boolean {
    return this.#dirty.size === 0 && this.#inFlight.size === 0;
  }

  /** The position of a partition may have moved. */
  mark(partition: HeldPartition): void {
    this.#dirty.add(partition);
  }

  /** It is another's. */
  forget(partition: HeldPartition): void {
    this.#dirty.delete(partition);
  }

  /** Commits what is marked, if nothing is on its way; `now`: all the same. */
  flush(options: { readonly now?: boolean } = {}): void {
    if (this.#inFlight.size >= (options.now === true ? IN_FLIGHT_MAX : 1)) return;
    const entries: Entry[] = [];
    for (const partition of this.#dirty) {
      if (entries.length >= OFFSETS_MAX) break;
      this.#dirty.delete(partition);
      const offset = this.#deps.committable(partition);
      if (offset !== partition.committed) entries.push({ partition, offset });
    }
    if (entries.length === 0) return;
    const commitId = this.#nextId;
    this.#nextId += 1;
    this.#inFlight.set(commitId, entries);
    const offsets = entries.map(({ partition: { topicId, index, epochs }, offset }) => {
      return { topicId, partition: index, offset, leaderEpoch: epochs.before(offset), metadata: '' };
    });
    this.#deps.send({ commitId, offsets });
  }

  answered({ commitId, error, results }: MembershipCommitted): void {
    const entries = this.#inFlight.get(commitId);
    if (entries === undefined) return;
    this.#inFlight.delete(commitId);
    let again = false;
    for (const [at, { partition, offset }] of entries.entries()) {
      const failed = error ?? results[at]?.error;
      if (failed === undefined) partition.committed = offset;
      else if (this.#mayRetry(itemToError(failed), partition)) again = true;
    }
    if (again) this.#retryLater();
    else this.flush();
    this.#deps.answered();
  }

  close(): void {
    this.#retry?.cancel();
  }

  #retryLater(): void {
    this.#retry?.cancel();
    this.#retry = this.#deps.scheduler.after(RETRY_MS, () => this.flush());
  }

  /** A partition that begins here delivers nothing before its position is committed: it tries on. */
  #mayRetry(error: MoldauError, partition: HeldPartition): boolean {
    if (partition.isDropped) return false;
    if (error.retriable || partition.state === 'anchoring') {
      this.#dirty.add(partition);
      return true;
    }
    const { topic, index } = partition;
    this.#deps.logger.warn('acknowledged records could not be committed', { topic, partition: index, reason: error.reason });
    return false;
  }
}
