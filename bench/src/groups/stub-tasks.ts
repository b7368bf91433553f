/** What a worker does with bare stubs of the API, for groups. */
export type StubTask =
  /** So many members join the groups `prefix-0` … by turns; answers when they have been sent. */
  | {
      readonly kind: 'stub-join';
      readonly topic: string;
      readonly members: number;
      readonly groups: number;
      readonly prefix: string;
    }
  /** What they hold. */
  | { readonly kind: 'stub-look' }
  /** All leave. */
  | { readonly kind: 'stub-leave' }
  /** The members commit one offset each time, those of `topicId`; each has one commit unanswered at most. */
  | { readonly kind: 'stub-commit'; readonly topicId: string; readonly commits: number; readonly perSecond: number }
  /** Commits to groups without members, `prefix-0` … by turns, some at a time. */
  | {
      readonly kind: 'group-commit';
      readonly topicId: string;
      readonly prefix: string;
      readonly groups: number;
      /** Of each commit: that of partition 0, 1, … */
      readonly offsets: number;
      readonly commits: number;
      readonly inFlight: number;
    }
  /** Asks for the offsets of groups `prefix-0` … until each has so many; when the last answered, on the clock of the machine. */
  | { readonly kind: 'group-await'; readonly prefix: string; readonly groups: number; readonly offsets: number };

export interface StubLook {
  readonly members: number;
  /** How many partitions the member with the least holds, and the one with the most. */
  readonly least: number;
  readonly most: number;
  /** When one of them was last told something, on the clock of the machine. */
  readonly toldAtMs: number;
}
