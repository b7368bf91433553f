import type { GetterFactory } from '../operators/table-operators.ts';
import type { Windowed } from '../record/windowed.ts';
import type { SessionStore, WindowStore } from '../stores/store.ts';

/** Looks up what a window of a key holds. */
export function windowGetter(storeName: string): GetterFactory<unknown, unknown> {
  return ({ store }) => {
    const state = store<WindowStore<unknown, unknown>>(storeName);
    return (windowed) => {
      const { key, window } = windowed as Windowed<unknown>;
      return state.getEntry(key, window.startMs);
    };
  };
}

/** Looks up what a session of a key holds. */
export function sessionGetter(storeName: string): GetterFactory<unknown, unknown> {
  return ({ store }) => {
    const state = store<SessionStore<unknown, unknown>>(storeName);
    return (windowed) => {
      const { key, window } = windowed as Windowed<unknown>;
      const found = state
        .find(key, window.endMs, window.startMs)
        .find(({ startMs, endMs }) => startMs === window.startMs && endMs === window.endMs);
      return found === undefined ? null : { value: found.value, timestampMs: found.endMs };
    };
  };
}
