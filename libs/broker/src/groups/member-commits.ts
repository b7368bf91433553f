import type { MembershipCommit, MembershipCommitted, OffsetToCommit } from '@moldau/protocol';
import { mergeResults } from './merge-results.ts';
import type { OffsetFaults } from './offset-ends.ts';

/** Unanswered commits of one member. */
const COMMITS_MAX = 100;

/** A commit on its way to the owner. */
export interface ForwardedCommit {
  /** Without the offsets that are refused here. */
  readonly commit: MembershipCommit;
  /** What the member had carried out when it said this. */
  readonly epoch: number;
  /** As the client sent them. */
  readonly asked: readonly OffsetToCommit[];
  readonly faults: OffsetFaults;
}

/** The unanswered commits of one member, and what waits until the ends of logs are known. */
export class MemberCommits {
  readonly #open = new Set<number>();
  readonly #forwarded = new Map<number, ForwardedCommit>();
  #tail: Promise<void> = Promise.resolve();
  #waiting = 0;

  /** Whether something waits, which all that comes later has to wait for. */
  get waiting(): boolean {
    return this.#waiting > 0;
  }

  /** What the member had carried out when it said the oldest of what is unanswered; undefined: all is answered. */
  get oldestEpoch(): number | undefined {
    for (const { epoch } of this.#forwarded.values()) return epoch;
    return undefined;
  }

  /** False: the id is in use, or there are too many. */
  open(commitId: number): boolean {
    if (this.#open.has(commitId) || this.#open.size >= COMMITS_MAX) return false;
    this.#open.add(commitId);
    return true;
  }

  /** Runs what `ready` brings after all that waited before. */
  wait(ready: Promise<() => void>): void {
    this.#waiting += 1;
    this.#tail = this.#tail.then(async () => {
      const action = await ready;
      this.#waiting -= 1;
      action();
    });
  }

  forward(forwarded: ForwardedCommit): void {
    this.#forwarded.set(forwarded.commit.commitId, forwarded);
  }

  /** In the order in which they were said. */
  unanswered(): Iterable<ForwardedCommit> {
    return this.#forwarded.values();
  }

  /** The answer for the client; undefined: it has been answered. */
  answered(answer: MembershipCommitted): MembershipCommitted | undefined {
    const forwarded = this.#forwarded.get(answer.commitId);
    if (forwarded === undefined) return undefined;
    this.#forwarded.delete(answer.commitId);
    this.#open.delete(answer.commitId);
    if (answer.error !== undefined) return answer;
    return { ...answer, results: mergeResults(forwarded.asked, forwarded.faults, answer.results) };
  }

  /** Ids of all that will not be answered. */
  drop(): readonly number[] {
    const commitIds = [...this.#open];
    this.#open.clear();
    this.#forwarded.clear();
    return commitIds;
  }
}
