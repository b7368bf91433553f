import { assert } from '@moldau/kernel';

/**
 * Whether a broker's disk is slow: so much slower than those of its followers that what it leads waits for it alone.
 *
 * Moves: well → slow (what is led has been held back for too long, too often) → well (it has flushed as it should for the whole
 * time it was given).
 *
 * Others' flushes are the measure, not a figure alone: where all disks are slow, nobody is better off with another leader.
 */
type State =
  | { readonly tag: 'well' }
  | {
      readonly tag: 'slow';
      /** Since when its flushes have been as they should, monotonic milliseconds. */
      readonly calmSinceMs: number;
    };

const LEGAL_MOVES: Readonly<Record<State['tag'], State['tag']>> = { well: 'slow', slow: 'well' };

/**
 * A flush may hold back what others have flushed for so long; longer waits count. Clients wait for several flushes in a row: with
 * 250 ms each, producers with five batches under way still wait for about a second.
 */
export const HELD_BACK_MS_MAX = 250;
/** Excess time that makes a disk slow: one flush that hangs for 1.3 s, two of 1 s, or four of 560 ms. */
export const EXCESS_MS_MAX = 1_000;
/** Part of the time without excess that is set off against it: occasional long flushes of a busy disk add up to nothing. */
const FORGIVEN_SHARE = 1 / 4;
/** One look accounts for so much time at most: a process that was paused judges nothing by the pause. */
const LOOK_MS_MAX = 500;
/** How long the disk must do well before the broker says so, the first time; doubled each time it was slow again soon after. */
export const WELL_AFTER_MS_MIN = 30_000;
export const WELL_AFTER_MS_MAX = 480_000;
/** Slow again within this time of having been well again: the next wait is twice as long. */
const SOON_MS = 600_000;

/** What a look at the disk found, in milliseconds. */
export interface DiskLook {
  readonly nowMs: number;
  /** For how long something that this broker leads has waited for its own flush and for nobody else's; 0: nothing does. */
  readonly heldBackMs: number;
  /** Longest flush since the last look, one under way included; 0: none. */
  readonly flushMs: number;
}

export class SlowDisk {
  #state: State = { tag: 'well' };
  #lookedAtMs: number | undefined;
  #excessMs = 0;
  #wellAfterMs = WELL_AFTER_MS_MIN;
  #wellSinceMs = Number.NEGATIVE_INFINITY;

  get isSlow(): boolean {
    return this.#state.tag === 'slow';
  }

  /** How long the disk must do well before it is held to be well again. */
  get wellAfterMs(): number {
    return this.#wellAfterMs;
  }

  /** Takes note of a look; true when the judgement has changed. Best a few times in a second. */
  look({ nowMs, heldBackMs, flushMs }: DiskLook): boolean {
    const passedMs = Math.min(nowMs - (this.#lookedAtMs ?? nowMs), LOOK_MS_MAX);
    this.#lookedAtMs = nowMs;
    if (this.#state.tag === 'well') {
      // It is its flushes, not its turns of the event loop.
      const excess = Math.min(heldBackMs, flushMs) > HELD_BACK_MS_MAX;
      this.#excessMs = Math.max(0, this.#excessMs + (excess ? passedMs : -passedMs * FORGIVEN_SHARE));
      return this.#excessMs >= EXCESS_MS_MAX && this.#slowDown(nowMs);
    }
    // It leads little or nothing now: only its own flushes tell.
    if (flushMs > HELD_BACK_MS_MAX) this.#state = { tag: 'slow', calmSinceMs: nowMs };
    return nowMs - this.#state.calmSinceMs >= this.#wellAfterMs && this.#recover(nowMs);
  }

  #slowDown(nowMs: number): true {
    const again = nowMs - this.#wellSinceMs < SOON_MS;
    this.#wellAfterMs = again ? Math.min(2 * this.#wellAfterMs, WELL_AFTER_MS_MAX) : WELL_AFTER_MS_MIN;
    this.#move({ tag: 'slow', calmSinceMs: nowMs });
    return true;
  }

  #recover(nowMs: number): true {
    this.#excessMs = 0;
    this.#wellSinceMs = nowMs;
    this.#move({ tag: 'well' });
    return true;
  }

  #move(next: State): void {
    assert(LEGAL_MOVES[this.#state.tag] === next.tag, 'a legal move of a disk', { from: this.#state.tag, to: next.tag });
    this.#state = next;
  }
}
