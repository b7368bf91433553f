import { MoldauError } from '@moldau/kernel';
import type { DirectoryRuntime } from '../directory-runtime.ts';
import { isDiskError, nextTurn } from '../disk-calls.ts';
import type { PartitionState } from '../partition-state.ts';
import { DamageFound, reportDamage } from '../segment-walk.ts';
import { PARTITIONS_PER_STEP } from '../steps.ts';
import { cleanLog, type UncleanableReason } from './clean-log.ts';
import { type CleanableSection, cleanableSection } from './cleanable-section.ts';
import { CleaningStopped, Pace } from './pace.ts';

/** How long a log that can't be compacted is left alone. */
const RETRY_MS = 60_000;

interface Candidate {
  readonly state: PartitionState;
  readonly section: CleanableSection;
}

interface Uncleanable {
  readonly reason: UncleanableReason;
  readonly untilMs: number;
}

/** Compacts the logs of a directory, one at a time: first the one with the largest uncompacted share. */
export class Cleaner {
  readonly #runtime: DirectoryRuntime;
  readonly #pace: Pace;
  readonly #uncleanable = new Map<PartitionState, Uncleanable>();
  #running: Promise<void> | undefined;
  #dirtyRatio = 0;

  constructor(runtime: DirectoryRuntime) {
    this.#runtime = runtime;
    this.#pace = new Pace(runtime.ports, () => runtime.settings.cleanerBytesPerSecond);
    const { dirtyRatio, uncleanable } = runtime.metrics;
    dirtyRatio.observe(() => this.#dirtyRatio);
    for (const [reason, gauge] of Object.entries(uncleanable)) {
      gauge.observe(() => [...this.#uncleanable.values()].filter((each) => each.reason === reason).length);
    }
  }

  /** Compacts whatever pays, until nothing does; a call while one runs shares it. */
  run(): Promise<void> {
    this.#running ??= this.#cleanAll().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** Gives up what is under way. */
  async stop(): Promise<void> {
    this.#pace.stop();
    await this.#running;
  }

  async #cleanAll(): Promise<void> {
    try {
      while (!this.#runtime.closing && this.#runtime.condition.kind === 'online') {
        const candidate = await this.#filthiest();
        if (candidate === undefined) return;
        await this.#clean(candidate);
      }
    } catch (error) {
      if (!(error instanceof CleaningStopped)) throw error;
    }
  }

  async #filthiest(): Promise<Candidate | undefined> {
    const { ports, states } = this.#runtime;
    const nowMs = ports.clock.wallMs();
    const monotonicMs = ports.clock.monotonicMs();
    for (const [state, { untilMs }] of this.#uncleanable) {
      if (untilMs <= monotonicMs || state.status.kind !== 'online') this.#uncleanable.delete(state);
    }
    let best: Candidate | undefined;
    let dirtyRatio = 0;
    let left = PARTITIONS_PER_STEP;
    for (const state of [...states.values()]) {
      if (--left === 0) {
        left = PARTITIONS_PER_STEP;
        await nextTurn(ports.scheduler);
      }
      const section = cleanableSection(state, nowMs);
      dirtyRatio = Math.max(dirtyRatio, section?.dirtyRatio ?? 0);
      if (section === undefined || section.when === 'waits' || this.#uncleanable.has(state)) continue;
      if (best === undefined || isBefore(section, best.section)) best = { state, section };
    }
    this.#dirtyRatio = dirtyRatio;
    return best;
  }

  async #clean({ state, section }: Candidate): Promise<void> {
    const { metrics, ports } = this.#runtime;
    const startMs = ports.clock.monotonicMs();
    const before = state.cleaned;
    try {
      const result = await cleanLog(this.#runtime, state, section, this.#pace);
      const facts = { topic_id: state.topicId, partition: state.partition };
      switch (result.kind) {
        case 'cleaned':
          metrics.cleanerReadBytes.add(result.readBytes);
          metrics.cleanerWrittenBytes.add(result.writtenBytes);
          metrics.cleanerRemovedRecords.add(result.removedRecords);
          ports.logger.info('a log is compacted', { ...facts, ...result, to: state.cleaned.to, ms: ports.clock.monotonicMs() - startMs });
          if (state.cleaned.to === before.to && state.cleaned.horizonMs === before.horizonMs) this.#leave(state, 'open-transaction');
          return;
        case 'interrupted':
          return;
        case 'uncleanable':
          this.#leave(state, result.reason);
          ports.logger.warn('a log can not be compacted for now', { ...facts, reason: result.reason });
      }
    } catch (error) {
      this.#failed(state, error);
    }
  }

  #failed(state: PartitionState, error: unknown): void {
    if (error instanceof CleaningStopped) throw error;
    const removed = state.status.kind !== 'online';
    if (error instanceof DamageFound) {
      if (!removed) reportDamage(this.#runtime, state, error.where);
      return;
    }
    if (isDiskError(error, 'no-space') || (error instanceof MoldauError && error.reason === 'DISK_FULL')) {
      this.#leave(state, 'no-space');
      return;
    }
    if (isDiskError(error, 'too-many-files')) {
      this.#leave(state, 'no-descriptor');
      return;
    }
    // The partition was deleted or failed meanwhile.
    if (removed && !(error instanceof MoldauError)) return;
    throw error;
  }

  #leave(state: PartitionState, reason: UncleanableReason): void {
    this.#uncleanable.set(state, { reason, untilMs: this.#runtime.ports.clock.monotonicMs() + RETRY_MS });
  }
}

/** What has waited as long as it may goes first. */
function isBefore(one: CleanableSection, other: CleanableSection): boolean {
  if (one.when !== other.when) return one.when === 'overdue';
  return one.dirtyRatio > other.dirtyRatio;
}
