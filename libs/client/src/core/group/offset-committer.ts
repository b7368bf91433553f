import { MoldauError, type Random, type Scheduler, type Timer } from '@moldau/kernel';
import { itemToError, type MembershipCommit, type MembershipCommitted, type OffsetToCommit } from '@moldau/protocol';
import { backoffMs } from '../backoff.ts';
import { createDeferred, type Deferred } from '../deferred.ts';

/** Offsets in one message, as the protocol allows. */
const OFFSETS_MAX = 10_000;

export interface CommitterPorts {
  readonly scheduler: Scheduler;
  readonly random: Random;
  /** How long a commit may take, with all its tries. */
  readonly timeoutMs: number;
  /** Sends it over the membership's stream; false: there is none now. */
  send(commit: Omit<MembershipCommit, 'memberEpoch'>): boolean;
  /** The stream answers nothing. */
  reset(cause: MoldauError): void;
}

/** An offset, and the number of the call that brought it. */
interface Entry {
  readonly sequence: number;
  readonly offset: OffsetToCommit;
}

interface Waiter {
  /** Partitions that are not answered, each by the number of the call whose offset, or a later one, must be. */
  readonly open: Map<string, number>;
  error: MoldauError | undefined;
  readonly done: Deferred<void>;
  readonly timer: Timer;
}

/**
 * Commits offsets one message after the other, so that an older offset never comes after a newer one, whatever has to be sent
 * again. What comes while one is under way waits for the next, one offset for each partition: the newest.
 */
export class OffsetCommitter {
  readonly #ports: CommitterPorts;
  #pending = new Map<string, Entry>();
  /** Under way. */
  #sent: { readonly commitId: number; readonly entries: readonly (readonly [string, Entry])[] } | undefined;
  /** Of what is under way: not to be sent again, because of this. */
  readonly #dropped = new Map<string, MoldauError>();
  readonly #waiters = new Set<Waiter>();
  #sequence = 0;
  #failures = 0;
  #retry: Timer | undefined;

  constructor(ports: CommitterPorts) {
    this.#ports = ports;
  }

  /**
   * Resolves when all of these offsets, or later ones of the same partitions, are committed.
   *
   * @throws MoldauError NOT_PARTITION_OWNER, UNKNOWN_MEMBER, FENCED_MEMBER_EPOCH, OFFSET_OUT_OF_RANGE, UNKNOWN_TOPIC,
   * REQUEST_TIMED_OUT; the first, where several partitions fail
   */
  commit(offsets: readonly OffsetToCommit[]): Promise<void> {
    if (offsets.length === 0) return Promise.resolve();
    this.#sequence += 1;
    const sequence = this.#sequence;
    const open = new Map<string, number>();
    for (const offset of offsets) {
      const key = keyOf(offset);
      this.#pending.set(key, { sequence, offset });
      open.set(key, sequence);
    }
    const { timeoutMs, scheduler } = this.#ports;
    const waiter: Waiter = {
      open,
      error: undefined,
      done: createDeferred<void>(),
      timer: scheduler.after(timeoutMs, () => this.#late(waiter)),
    };
    this.#waiters.add(waiter);
    this.#send();
    return waiter.done.promise;
  }

  /** The member has a stream. */
  attached(): void {
    this.#failures = 0;
    this.#retry?.cancel();
    this.#retry = undefined;
    this.#send();
  }

  /** It has none: what is unanswered is sent again with the next. */
  detached(): void {
    this.#putBack();
    this.#retry?.cancel();
    this.#retry = undefined;
  }

  /** The partition is not the member's any more: what waits to be committed of it never is, also when it comes back. */
  drop(partition: Pick<OffsetToCommit, 'topicId' | 'partition'>, cause: MoldauError): void {
    const key = keyOf(partition);
    const entry = this.#pending.get(key);
    this.#pending.delete(key);
    if (entry !== undefined) this.#settle(key, entry.sequence, cause);
    if (this.#sent?.entries.some(([sent]) => sent === key) === true) this.#dropped.set(key, cause);
  }

  answered({ commitId, error, results }: MembershipCommitted): void {
    const sent = this.#sent;
    if (sent === undefined || sent.commitId !== commitId) return;
    const failure = error === undefined ? undefined : itemToError(error);
    if (failure?.retriable === true) {
      this.#putBack();
      this.#failures += 1;
      this.#retry = this.#ports.scheduler.after(backoffMs(this.#ports.random, this.#failures - 1), () => {
        this.#retry = undefined;
        this.#send();
      });
      return;
    }
    this.#sent = undefined;
    this.#dropped.clear();
    this.#failures = 0;
    sent.entries.forEach(([key, { sequence }], index) => {
      const item = results[index]?.error;
      this.#settle(key, sequence, failure ?? (item === undefined ? undefined : itemToError(item)));
    });
    this.#send();
  }

  /** Nothing that waits can be committed any more. */
  abandon(cause: MoldauError): void {
    this.#pending.clear();
    this.#sent = undefined;
    this.#retry?.cancel();
    this.#retry = undefined;
    for (const waiter of [...this.#waiters]) this.#finish(waiter, cause);
  }

  #send(): void {
    if (this.#sent !== undefined || this.#retry !== undefined || this.#pending.size === 0) return;
    const entries = [...this.#pending].slice(0, OFFSETS_MAX);
    const commitId = this.#sequence;
    // Set before the message leaves, so that an answer always finds it.
    this.#sent = { commitId, entries };
    if (!this.#ports.send({ commitId, offsets: entries.map(([, { offset }]) => offset) })) {
      this.#sent = undefined;
      return;
    }
    for (const [key] of entries) this.#pending.delete(key);
  }

  #putBack(): void {
    const sent = this.#sent;
    this.#sent = undefined;
    for (const [key, entry] of sent?.entries ?? []) {
      const dropped = this.#dropped.get(key);
      if (dropped !== undefined) this.#settle(key, entry.sequence, dropped);
      else if (!this.#pending.has(key)) this.#pending.set(key, entry);
    }
    this.#dropped.clear();
  }

  #settle(key: string, sequence: number, error: MoldauError | undefined): void {
    for (const waiter of [...this.#waiters]) {
      const wanted = waiter.open.get(key);
      if (wanted === undefined || wanted > sequence) continue;
      waiter.open.delete(key);
      waiter.error ??= error;
      if (waiter.open.size === 0) this.#finish(waiter, waiter.error);
    }
  }

  #finish(waiter: Waiter, error: MoldauError | undefined): void {
    waiter.timer.cancel();
    this.#waiters.delete(waiter);
    if (error === undefined) waiter.done.resolve(undefined);
    else waiter.done.reject(error);
  }

  #late(waiter: Waiter): void {
    const { timeoutMs } = this.#ports;
    const error = new MoldauError('REQUEST_TIMED_OUT', `no commit was answered within ${timeoutMs} ms`, { limit: `${timeoutMs} ms` });
    this.#finish(waiter, error);
    if (this.#sent !== undefined) this.#ports.reset(error);
  }
}

function keyOf({ topicId, partition }: Pick<OffsetToCommit, 'topicId' | 'partition'>): string {
  return `${topicId}:${partition}`;
}
