import type { OperatorFactory } from '../graph/operator.ts';
import type { Windowed } from '../record/windowed.ts';
import type { SessionStore } from '../stores/store.ts';
import type { Aggregator, Initializer } from './aggregate.ts';
import type { SessionWindows } from './windows.ts';

/** One value of two sessions that turned out to be one. */
export type SessionMerger<K, A> = (key: K, left: A, right: A) => A;

/**
 * Folds the records of each session. A record that lies within the gap of sessions makes one of them; those that it
 * replaces are removed downstream first. A session is closed when the watermark is past its end, gap and grace: it is
 * neither changed nor extended any more.
 */
export function sessionAggregateOperator<K, V, A>(options: {
  readonly store: string;
  readonly windows: SessionWindows;
  readonly initializer: Initializer<A>;
  readonly aggregator: Aggregator<K, V, A>;
  readonly merger: SessionMerger<K, A>;
}): OperatorFactory<K | null, V | null, Windowed<K>, A | null> {
  const { initializer, aggregator, merger } = options;
  const { gapMs, graceMs } = options.windows;
  return ({ store, forward, task, name }) => {
    const state = store<SessionStore<K, A>>(options.store);
    const expiry = task.onWatermark((watermarkMs) => {
      state.expire(watermarkMs - gapMs - graceMs);
      expiry.at(watermarkMs + gapMs);
    });
    expiry.at(Math.max(task.watermarkMs, 0));
    return (key, value, _old, timestampMs) => {
      if (key === null || value === null) {
        task.skipped(key === null ? 'null-key' : 'null-value');
        return;
      }
      const openMs = task.watermarkMs - gapMs - graceMs;
      const near = state.find(key, Math.max(timestampMs - gapMs, openMs), timestampMs + gapMs);
      let [startMs, endMs] = [timestampMs, timestampMs];
      let merged: A | undefined;
      for (const session of near) {
        startMs = Math.min(startMs, session.startMs);
        endMs = Math.max(endMs, session.endMs);
        merged = merged === undefined ? session.value : merger(key, merged, session.value);
      }
      if (endMs < openMs) {
        task.late(name, timestampMs);
        return;
      }
      const after = aggregator(value, key, merged === undefined ? initializer() : merged);
      const same = near.length === 1 && near[0]!.startMs === startMs && near[0]!.endMs === endMs ? near[0]!.value : null;
      if (same === null) {
        for (const session of near) {
          state.put(key, session.startMs, session.endMs, null);
          const window = { startMs: session.startMs, endMs: session.endMs };
          forward({ key, window }, null, session.value, session.endMs);
        }
      }
      state.put(key, startMs, endMs, after);
      if (after !== null || same !== null) forward({ key, window: { startMs, endMs } }, after, same, endMs);
    };
  };
}
