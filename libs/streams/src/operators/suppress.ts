import type { Serde } from '@moldau/client/serdes';
import { MoldauError } from '@moldau/kernel';
import type { OperatorFactory } from '../graph/operator.ts';
import type { Change } from '../record/change.ts';
import { type KeyIdentity, keyIdentity } from '../serdes/key-identity.ts';
import type { KeyValueStore } from '../stores/store.ts';
import { TimeIndex } from '../stores/time-index.ts';
import { TaskStopped } from '../task/failure.ts';

/** Results that a suppression holds; at some 200 bytes each 200 MB. */
export const SUPPRESSED_MAX = 1_000_000;

export interface SuppressSettings<K> {
  readonly store: string;
  readonly key: Serde<K>;
  readonly recordsMax: number;
  /** When as many are held: the oldest goes early, or the task fails. */
  readonly whenFull: 'emit-early' | 'fail';
  /** Event time from which a result may go, by its key and the time of the change that began to wait. */
  dueMs(key: K, timestampMs: number): number;
  /** Only final results leave; what is removed before was never there. */
  readonly final: boolean;
}

interface Waiting<K> {
  readonly key: K;
  readonly dueMs: number;
}

/** Holds changes back until their time and lets the last of each key go. What waits is state, with a changelog. */
export function suppressOperator<K, V>(settings: SuppressSettings<K>): OperatorFactory<K, V | null, K, V | null> {
  return ({ store, forward, task, name }) => {
    const state = store<KeyValueStore<K, Change<V>>>(settings.store);
    const identityOf = keyIdentity(settings.key, name);
    const waiting = new Map<KeyIdentity, Waiting<K>>();
    const byTime = new TimeIndex<Waiting<K>>();
    const remember = (entry: Waiting<K>): void => {
      waiting.set(identityOf(entry.key), entry);
      byTime.add(entry.dueMs, entry);
    };
    for (const [key, { timestampMs }] of state.entries()) remember({ key, dueMs: settings.dueMs(key, timestampMs) });
    const release = (entry: Waiting<K>): void => {
      const held = state.getEntry(entry.key);
      const change = held?.value;
      const timestampMs = held?.timestampMs ?? -1;
      waiting.delete(identityOf(entry.key));
      state.put(entry.key, null, timestampMs);
      if (change === undefined || (change.value === null && (settings.final || change.old === null))) return;
      forward(entry.key, change.value, change.old, timestampMs);
    };
    const timer = task.onWatermark((watermarkMs) => {
      // One more than the watermark: what is due at it goes.
      for (const entry of byTime.takeBefore(watermarkMs + 1)) release(entry);
      const firstMs = byTime.firstMs();
      if (firstMs !== undefined) timer.at(firstMs);
    });
    const firstMs = byTime.firstMs();
    if (firstMs !== undefined) timer.at(firstMs);
    const makeRoom = (): void => {
      if (waiting.size < settings.recordsMax) return;
      const oldestMs = byTime.firstMs();
      const oldest = oldestMs === undefined ? undefined : byTime.between(oldestMs, oldestMs)[0];
      if (settings.whenFull === 'fail' || oldest === undefined) throw full(name, settings.recordsMax);
      byTime.remove(oldest.dueMs, oldest);
      release(oldest);
    };
    return (key, value, old, timestampMs) => {
      const known = waiting.get(identityOf(key));
      if (known !== undefined) {
        const first = state.get(key);
        // The oldest of what it replaces: in between nobody has seen anything.
        state.put(
          key,
          { value, old: first?.old ?? null },
          settings.final ? timestampMs : (state.getEntry(key)?.timestampMs ?? timestampMs),
        );
        return;
      }
      const dueMs = settings.dueMs(key, timestampMs);
      if (dueMs <= task.watermarkMs) {
        if (value !== null || (old !== null && !settings.final)) forward(key, value, old, timestampMs);
        return;
      }
      if (settings.final && value === null) return;
      makeRoom();
      state.put(key, { value, old: settings.final ? null : old }, timestampMs);
      remember({ key, dueMs });
      timer.at(dueMs);
    };
  };
}

function full(operator: string, limit: number): TaskStopped {
  const message = `${operator} holds back ${limit} results, as many as it may; raise recordsMax or use shorter windows`;
  return new TaskStopped(new MoldauError('SUPPRESS_BUFFER_FULL', message, { operator, limit: String(limit) }));
}
