import type { DirectoryRuntime } from './directory-runtime.ts';
import type { PartitionState } from './partition-state.ts';
import { DamageFound, reportDamage, walkSegment } from './segment-walk.ts';

const STEP_INTERVAL_MS = 1000;
/** Bytes of one step: enough to be through a small disk early, and never enough to be felt. */
const STEP_BYTES_MIN = 64 * 1024;
const STEP_BYTES_MAX = 8 * 1024 * 1024;
const READ_BYTES = 1024 * 1024;
/** Reads of one step: twice what its bytes may need. Many small logs would else be opened hundreds of times a second, for nothing. */
const STEP_READS_MAX = (2 * STEP_BYTES_MAX) / READ_BYTES;

/** Reads all that is on disk once in `scrubPeriodMs`, so that rot is found while another replica still has the bytes. */
export class Scrub {
  readonly stepIntervalMs = STEP_INTERVAL_MS;
  readonly #runtime: DirectoryRuntime;
  #round: Iterator<PartitionState> | undefined;
  #state: PartitionState | undefined;
  #offset = 0;

  constructor(runtime: DirectoryRuntime) {
    this.#runtime = runtime;
  }

  /** Reads as many bytes as keep the pace. */
  async step(): Promise<void> {
    if (this.#runtime.settings.scrubPeriodMs === 0) return;
    let left = this.#stepBytes();
    for (let reads = 0; left > 0 && reads < STEP_READS_MAX && !this.#runtime.closing; reads += 1) {
      const state = this.#current();
      if (state === undefined) return;
      left -= await this.#read(state);
    }
  }

  #stepBytes(): number {
    let total = 0;
    for (const state of this.#runtime.states.values()) total += state.sizeBytes;
    const pace = Math.ceil((total * STEP_INTERVAL_MS) / this.#runtime.settings.scrubPeriodMs);
    return total === 0 ? 0 : Math.min(STEP_BYTES_MAX, Math.max(STEP_BYTES_MIN, pace));
  }

  /** The partition being read, or the next; undefined at the end of a round. */
  #current(): PartitionState | undefined {
    while (this.#state === undefined || this.#state.status.kind !== 'online' || this.#offset >= this.#state.segmentSyncedEnd) {
      this.#round ??= [...this.#runtime.states.values()].values();
      const next = this.#round.next();
      this.#state = next.done === true ? undefined : next.value;
      if (this.#state === undefined) {
        this.#round = undefined;
        return undefined;
      }
      this.#offset = this.#state.startOffset;
    }
    this.#offset = Math.max(this.#offset, this.#state.startOffset);
    return this.#state;
  }

  /** Reads one piece; returns its bytes. */
  async #read(state: PartitionState): Promise<number> {
    const segment = state.segments.findLast((candidate) => candidate.baseOffset <= this.#offset);
    const { truncations } = state;
    const upTo = Math.min(segment?.syncedEnd ?? 0, state.segmentSyncedEnd);
    if (segment === undefined || this.#offset >= upTo) {
      this.#offset = Number.MAX_SAFE_INTEGER;
      return 0;
    }
    try {
      const request = { from: this.#offset, upTo, maxBytes: READ_BYTES };
      const { batches, nextOffset, release } = await walkSegment(this.#runtime, state, segment, request);
      this.#offset = nextOffset > this.#offset ? nextOffset : Number.MAX_SAFE_INTEGER;
      const size = batches.reduce((sum, batch) => sum + batch.length, 0);
      release();
      return size;
    } catch (error) {
      const changed = state.truncations !== truncations || segment.phase === 'removed';
      if (error instanceof DamageFound && !changed) reportDamage(this.#runtime, state, error.where);
      this.#offset = Number.MAX_SAFE_INTEGER;
      return 0;
    }
  }
}
