import type { Clock, Logger, Meter, Scheduler, Timer } from '@moldau/kernel';
import { SlowDisk } from '@moldau/replication';

/** How often the disk is looked at. */
const LOOK_INTERVAL_MS = 100;

export interface SlowDiskWatchDeps {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
  readonly meter: Meter;
  /** For how long something led here has waited for this broker's own flush alone. */
  readonly heldBackMs: (nowMs: number) => number;
  /** Longest flush since this was asked last. */
  readonly takeLongestFlushMs: () => number;
  /** The judgement has changed: the controller is to hear of it. */
  readonly changed: () => void;
}

/**
 * Looks at this broker's disk for as long as it lives, and says when others should lead in its place: the controller hears of it
 * by heartbeats.
 */
export class SlowDiskWatch {
  readonly #deps: SlowDiskWatchDeps;
  readonly #disk = new SlowDisk();
  #timer: Timer | undefined;
  #longestFlushMs = 0;

  constructor(deps: SlowDiskWatchDeps) {
    this.#deps = deps;
    const { meter } = deps;
    const slow = meter.gauge({ name: 'moldau_broker_slow_disk', help: '1 while flushes here hold back what others have flushed.' });
    slow.with().observe(() => Number(this.#disk.isSlow));
  }

  get isSlow(): boolean {
    return this.#disk.isSlow;
  }

  start(): void {
    this.#timer = this.#deps.scheduler.after(LOOK_INTERVAL_MS, () => this.#look(), { background: true });
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #look(): void {
    this.start();
    const { clock, heldBackMs, takeLongestFlushMs, logger, changed } = this.#deps;
    const nowMs = clock.monotonicMs();
    const look = { nowMs, heldBackMs: heldBackMs(nowMs), flushMs: takeLongestFlushMs() };
    this.#longestFlushMs = Math.max(this.#longestFlushMs, look.flushMs);
    if (!this.#disk.look(look)) return;
    const said = { heldBackMs: Math.round(look.heldBackMs), longestFlushMs: Math.round(this.#longestFlushMs) };
    if (this.#disk.isSlow) {
      logger.warn('the disk is slow: others shall lead', { ...said, wellAfterMs: this.#disk.wellAfterMs });
    } else {
      logger.info('the disk is as fast as it should be again', said);
    }
    this.#longestFlushMs = 0;
    changed();
  }
}
