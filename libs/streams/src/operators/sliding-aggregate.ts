import type { OperatorFactory } from '../graph/operator.ts';
import type { Windowed } from '../record/windowed.ts';
import type { Timestamped, WindowStore } from '../stores/store.ts';
import type { Aggregator, Initializer } from './aggregate.ts';
import type { SlidingWindows } from './windows.ts';

/** What the windows around a record say before it is put in. */
interface Neighbourhood<A> {
  readonly updated: { readonly startMs: number; readonly value: A; readonly timestampMs: number }[];
  readonly starts: Set<number>;
  /** Time of the last record before this one that may share a window with it. */
  previousMs: number | undefined;
  /** Of the window that ends last before the record: what a window up to it begins with. */
  left: A | undefined;
  /** Of the window that starts last before or at it: what follows it. */
  right: Timestamped<A> | undefined;
}

/**
 * Folds the records of each key and sliding window (KIP-450). The time of a window's value is that of its last record, by
 * which the windows that a new record makes necessary are known without the records themselves. `endMs` is inside.
 */
export function slidingAggregateOperator<K, V, A>(options: {
  readonly store: string;
  readonly windows: SlidingWindows;
  readonly initializer: Initializer<A>;
  readonly aggregator: Aggregator<K, V, A>;
}): OperatorFactory<K | null, V | null, Windowed<K>, A | null> {
  const { initializer, aggregator } = options;
  const { differenceMs, graceMs } = options.windows;
  return ({ store, forward, task, name }) => {
    const state = store<WindowStore<K, A>>(options.store);
    const expiry = task.onWatermark((watermarkMs) => {
      state.expire(watermarkMs - 2 * differenceMs - graceMs);
      expiry.at(watermarkMs + differenceMs);
    });
    expiry.at(Math.max(task.watermarkMs, 0));
    const put = (
      key: K,
      value: V,
      startMs: number,
      so: { readonly before: A | null; readonly base: A; readonly latestMs: number },
    ): void => {
      if (startMs + differenceMs + graceMs < task.watermarkMs) return;
      const after = aggregator(value, key, so.base);
      state.put(key, startMs, after, so.latestMs);
      forward({ key, window: { startMs, endMs: startMs + differenceMs } }, after, so.before, so.latestMs);
    };
    return (key, value, _old, timestampMs) => {
      if (key === null || value === null) {
        task.skipped(key === null ? 'null-key' : 'null-value');
        return;
      }
      if (timestampMs + differenceMs + graceMs < task.watermarkMs) {
        task.late(name, timestampMs);
        return;
      }
      const { updated, starts, previousMs, left, right } = survey(state, key, timestampMs, differenceMs);
      for (const window of updated)
        put(key, value, window.startMs, { before: window.value, base: window.value, latestMs: Math.max(window.timestampMs, timestampMs) });
      if (previousMs !== undefined && previousMs + 1 + differenceMs >= timestampMs && !starts.has(previousMs + 1))
        put(key, value, previousMs + 1, { before: null, base: initializer(), latestMs: timestampMs });
      if (!starts.has(timestampMs - differenceMs)) {
        const shares = previousMs !== undefined && previousMs >= timestampMs - differenceMs && left !== undefined;
        put(key, value, timestampMs - differenceMs, { before: null, base: shares ? left : initializer(), latestMs: timestampMs });
      }
      if (right === undefined || right.timestampMs <= timestampMs || starts.has(timestampMs + 1)) return;
      const startMs = timestampMs + 1;
      if (startMs + differenceMs + graceMs < task.watermarkMs) return;
      state.put(key, startMs, right.value, right.timestampMs);
      forward({ key, window: { startMs, endMs: startMs + differenceMs } }, right.value, null, right.timestampMs);
    };
  };
}

function survey<K, A>(state: WindowStore<K, A>, key: K, timestampMs: number, differenceMs: number): Neighbourhood<A> {
  const found: Neighbourhood<A> = { updated: [], starts: new Set(), previousMs: undefined, left: undefined, right: undefined };
  for (const { startMs, value, timestampMs: latestMs } of state.fetch(key, timestampMs - 2 * differenceMs - 1, timestampMs + 1)) {
    found.starts.add(startMs);
    const endMs = startMs + differenceMs;
    if (endMs < timestampMs) {
      found.left = value;
      found.previousMs = latestMs;
    } else if (startMs <= timestampMs) {
      found.updated.push({ startMs, value, timestampMs: latestMs });
      if (endMs === timestampMs) {
        if (latestMs < timestampMs) found.previousMs = latestMs;
      } else found.right = { value, timestampMs: latestMs };
    }
  }
  return found;
}
