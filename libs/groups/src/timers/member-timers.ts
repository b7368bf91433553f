import { type GroupRef, groupKey } from '../group-ref.ts';

/** Why a member's time is over. */
export type MemberDeadline = 'session' | 'revocation' | 'processing';

export interface DueMember {
  readonly group: GroupRef;
  readonly memberId: string;
  readonly reason: MemberDeadline;
}

interface MemberTimes {
  readonly group: GroupRef;
  readonly memberId: string;
  readonly deadlinesMs: Record<MemberDeadline, number>;
  /** When its entry in the heap comes up: no later than its first deadline. */
  queuedMs: number;
}

interface HeapEntry {
  readonly atMs: number;
  readonly times: MemberTimes;
}

/**
 * The deadlines of all members of a shard, as data. A heartbeat only writes a number: entries of the heap that come up before
 * their member's deadline are put back. Nothing here is recorded: a new owner of the shard begins all sessions anew.
 */
export class MemberTimers {
  readonly #members = new Map<string, MemberTimes>();
  readonly #heap: HeapEntry[] = [];

  /** `atMs` undefined: no such deadline. */
  set(group: GroupRef, memberId: string, deadline: MemberDeadline, atMs: number | undefined): void {
    const key = memberKey(group, memberId);
    let times = this.#members.get(key);
    if (times === undefined) {
      if (atMs === undefined) return;
      const never = Number.POSITIVE_INFINITY;
      times = { group, memberId, deadlinesMs: { session: never, revocation: never, processing: never }, queuedMs: never };
      this.#members.set(key, times);
    }
    times.deadlinesMs[deadline] = atMs ?? Number.POSITIVE_INFINITY;
    if (times.deadlinesMs[deadline] < times.queuedMs) this.#queue(times, times.deadlinesMs[deadline]);
  }

  has(group: GroupRef, memberId: string, deadline: MemberDeadline): boolean {
    const atMs = this.#members.get(memberKey(group, memberId))?.deadlinesMs[deadline];
    return atMs !== undefined && atMs !== Number.POSITIVE_INFINITY;
  }

  remove(group: GroupRef, memberId: string): void {
    this.#members.delete(memberKey(group, memberId));
  }

  /** A moment before which no deadline passes; it may be early. Undefined: there is none. */
  nextDeadlineMs(): number | undefined {
    while (this.#heap[0] !== undefined && this.#stale(this.#heap[0])) this.#pop();
    return this.#heap[0]?.atMs;
  }

  /** Whether the time of some member is over at `nowMs`. Entries that came up early are put back. */
  isDue(nowMs: number): boolean {
    for (;;) {
      const next = this.nextDeadlineMs();
      const times = this.#heap[0]?.times;
      if (next === undefined || next > nowMs || times === undefined) return false;
      const [, atMs] = firstDeadline(times);
      if (atMs <= nowMs) return true;
      this.#pop();
      times.queuedMs = Number.POSITIVE_INFINITY;
      if (atMs !== Number.POSITIVE_INFINITY) this.#queue(times, atMs);
    }
  }

  /** Takes the next member whose time is over; its deadlines are gone. Undefined: none at `nowMs`. */
  takeDue(nowMs: number): DueMember | undefined {
    if (!this.isDue(nowMs)) return undefined;
    const { times } = this.#pop();
    this.#members.delete(memberKey(times.group, times.memberId));
    return { group: times.group, memberId: times.memberId, reason: firstDeadline(times)[0] };
  }

  #stale({ atMs, times }: HeapEntry): boolean {
    return times.queuedMs !== atMs || this.#members.get(memberKey(times.group, times.memberId)) !== times;
  }

  #queue(times: MemberTimes, atMs: number): void {
    times.queuedMs = atMs;
    const heap = this.#heap;
    let at = heap.length;
    const entry = { atMs, times };
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || above.atMs <= atMs) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = entry;
  }

  #pop(): HeapEntry {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (top === undefined || last === undefined) throw new RangeError('the heap is empty');
    if (heap.length === 0) return top;
    let at = 0;
    for (;;) {
      const left = heap[2 * at + 1];
      const right = heap[2 * at + 2];
      const child = right !== undefined && left !== undefined && right.atMs < left.atMs ? 2 * at + 2 : 2 * at + 1;
      const below = heap[child];
      if (below === undefined || below.atMs >= last.atMs) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = last;
    return top;
  }
}

function firstDeadline({ deadlinesMs }: MemberTimes): readonly [MemberDeadline, number] {
  const { session, revocation, processing } = deadlinesMs;
  if (session <= revocation && session <= processing) return ['session', session];
  return revocation <= processing ? ['revocation', revocation] : ['processing', processing];
}

function memberKey(group: GroupRef, memberId: string): string {
  return `${groupKey(group)}/${memberId}`;
}
