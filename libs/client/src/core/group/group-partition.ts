import type { MoldauError } from '@moldau/kernel';
import type { TopicPartitionName } from '../consumer/consumer-types.ts';
import { CommitFrontier } from './commit-frontier.ts';
import type { PartitionHold } from './group-types.ts';

/**
 * Where a partition of a member stands:
 *
 *   starting  where to begin is being looked up, and the program is being told
 *   reading   its records come
 *   revoking  no more of its records come; what was handed out is being finished
 *   gone      given up, or lost
 *
 * Moves: starting → reading → revoking → gone; starting → revoking; any → gone.
 */
export type GroupPartitionPhase = 'starting' | 'reading' | 'revoking' | 'gone';

/** A partition that a member holds, from when it was given until it is given up or lost; given again, it is another. */
export class GroupPartition implements TopicPartitionName, PartitionHold {
  readonly topic: string;
  readonly topicId: string;
  readonly partition: number;
  phase: GroupPartitionPhase = 'starting';
  /** The program was told that it is its own. */
  told = false;
  /** The program was told that it goes. */
  askedFor = false;
  /** The program wants none of its records for now. */
  paused = false;
  /** What was handed out and is not finished; another one after each seek. */
  frontier = new CommitFrontier();
  /** Aborted when nothing of it can be committed any more. */
  readonly abort = new AbortController();
  /** Aborted when no more of its records are to be begun. */
  readonly stopping = new AbortController();
  /** Puts records back before handlers that came up while it was paused. */
  parked: (() => void)[] = [];
  /** What was committed last, or is being committed; undefined: nothing, or another place since a seek. */
  committed: number | undefined;
  /** Records or batches that the program works on now. */
  #running = 0;
  #idle: (() => void)[] = [];

  constructor({ topic, partition }: TopicPartitionName, topicId: string) {
    this.topic = topic;
    this.topicId = topicId;
    this.partition = partition;
  }

  get isGone(): boolean {
    return this.phase === 'gone';
  }

  workBegins(): void {
    this.#running += 1;
  }

  workEnds(): void {
    this.#running -= 1;
    if (this.#running === 0) this.#wake();
  }

  /** Resolves when the program works on nothing of it, or it is gone. */
  idle(): Promise<void> {
    if (this.#running === 0 || this.phase === 'gone') return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  /** What was handed out before counts no more: it is read from elsewhere. */
  moved(): void {
    this.frontier = new CommitFrontier();
    this.committed = undefined;
  }

  /** Nothing of it is begun any more; what is under way is finished. */
  revoke(): void {
    this.phase = 'revoking';
    this.stopping.abort();
  }

  end(cause: MoldauError | undefined): void {
    this.phase = 'gone';
    this.stopping.abort();
    this.abort.abort(cause);
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#idle.splice(0)) wake();
  }
}

/** Key of a partition by its topic's id: a topic that was made again is another. */
export function idKey(topicId: string, partition: number): string {
  return `${topicId}:${partition}`;
}
