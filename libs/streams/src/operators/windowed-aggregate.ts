import type { Emit, OperatorFactory } from '../graph/operator.ts';
import type { Windowed } from '../record/windowed.ts';
import { CachedWindowStore } from '../stores/cached-window-store.ts';
import type { WindowStore } from '../stores/store.ts';
import type { Aggregator, Initializer } from './aggregate.ts';
import type { TimeWindows } from './windows.ts';

/**
 * Folds the records of each key and window. A window is closed when the watermark has reached its end and grace; a record
 * of which any window is closed counts as late, and is a dead letter when all are.
 */
export function windowedAggregateOperator<K, V, A>(options: {
  readonly store: string;
  readonly windows: TimeWindows;
  readonly initializer: Initializer<A>;
  readonly aggregator: Aggregator<K, V, A>;
}): OperatorFactory<K | null, V | null, Windowed<K>, A | null> {
  const { initializer, aggregator } = options;
  const { sizeMs, advanceMs, graceMs } = options.windows;
  return ({ store, forward, task, name }) => {
    const state = store<WindowStore<K, A>>(options.store);
    const announce = announcing(state, forward, sizeMs);
    const expiry = task.onWatermark((watermarkMs) => {
      state.expire(watermarkMs - sizeMs - graceMs);
      expiry.at(watermarkMs + sizeMs);
    });
    expiry.at(Math.max(task.watermarkMs, 0));
    const update = (key: K, value: V, startMs: number, timestampMs: number): void => {
      const entry = state.getEntry(key, startMs);
      const before = entry === null ? null : entry.value;
      const latestMs = entry === null ? timestampMs : Math.max(entry.timestampMs, timestampMs);
      const after = aggregator(value, key, before === null ? initializer() : before);
      state.put(key, startMs, after, latestMs);
      if (announce !== undefined && (after !== null || before !== null))
        announce({ key, window: { startMs, endMs: startMs + sizeMs } }, after, before, latestMs);
    };
    return (key, value, _old, timestampMs) => {
      if (key === null || value === null) {
        task.skipped(key === null ? 'null-key' : 'null-value');
        return;
      }
      const lastStartMs = Math.floor(timestampMs / advanceMs) * advanceMs;
      const closedMs = task.watermarkMs - graceMs - sizeMs;
      if (lastStartMs <= closedMs) {
        task.late(name, timestampMs);
        return;
      }
      for (let startMs = firstStart(timestampMs, sizeMs, advanceMs); startMs <= lastStartMs; startMs += advanceMs) {
        if (startMs > closedMs) update(key, value, startMs, timestampMs);
      }
    };
  };
}

/** Start of the earliest window that holds the time. */
function firstStart(timestampMs: number, sizeMs: number, advanceMs: number): number {
  return (Math.floor((timestampMs - sizeMs) / advanceMs) + 1) * advanceMs;
}

/** Undefined where a cache announces at the commit: then no key has to be made for each record. */
function announcing<K, A>(
  store: WindowStore<K, A>,
  forward: Emit<Windowed<K>, A | null>,
  windowMs: number,
): Emit<Windowed<K>, A | null> | undefined {
  if (!(store instanceof CachedWindowStore)) return forward;
  (store as CachedWindowStore<K, A>).announceTo(forward, windowMs);
  return undefined;
}
