import { Cleaner } from './compaction/cleaner.ts';
import type { DirectoryRuntime } from './directory-runtime.ts';
import { nextTurn } from './disk-calls.ts';
import { applyRetention, rollIfIdle } from './retention.ts';
import { Scrub } from './scrub.ts';

/** Partitions looked at in one step of the event loop. */
const SWEEP_STEP = 256;

/** Starts all background work of an open directory: one timer per kind, none per partition. The cleaner is to be stopped. */
export function startMaintenance(runtime: DirectoryRuntime): Cleaner {
  const { settings } = runtime;
  const scrub = new Scrub(runtime);
  const cleaner = new Cleaner(runtime);
  runtime.every(settings.flushIntervalMs, async () => {
    runtime.flusher.tick();
    await runtime.flusher.flush('async');
  });
  runtime.every(settings.checkpointIntervalMs, async () => {
    if (runtime.checkpoint.dirty) await runtime.checkpoint.write();
  });
  runtime.every(settings.spaceIntervalMs, () => runtime.checkSpace());
  runtime.every(settings.sweepIntervalMs, () => sweep(runtime));
  runtime.every(scrub.stepIntervalMs, () => scrub.step());
  runtime.every(settings.cleanerIntervalMs, () => cleaner.run());
  return cleaner;
}

/** Rolls, deletes and forgets what is old, over all partitions. */
async function sweep(runtime: DirectoryRuntime): Promise<void> {
  const { ports, settings } = runtime;
  const expired = ports.clock.wallMs() - settings.producerExpirationMs;
  let count = 0;
  for (const state of [...runtime.states.values()]) {
    if (runtime.closing || runtime.condition.kind === 'offline') return;
    rollIfIdle(runtime, state);
    if (state.segments.some((segment) => segment.phase === 'sealing')) runtime.requestSeal(state);
    state.producers.expire(expired);
    if (state.segments.length > 1)
      await state.maintenance.run(() => runtime.attempt('deleting old segments', () => applyRetention(runtime, state)));
    count += 1;
    if (count % SWEEP_STEP === 0) await nextTurn(ports.scheduler);
  }
}
