import type { OperatorFactory, OperatorSetup } from '../graph/operator.ts';
import type { JoinItem } from '../serdes/join-items-serde.ts';
import type { WindowStore } from '../stores/store.ts';

/** How far apart two records that are joined may be, in ms of event time, seen from this side. */
export interface JoinSide {
  /** Values of this side that wait for partners. */
  readonly own: string;
  readonly other: string;
  /** A partner may be so much older than a record of this side, or so much younger. */
  readonly beforeMs: number;
  readonly afterMs: number;
  readonly graceMs: number;
  /** A record of this side without a partner is a result when its window closes. */
  readonly keepsUnmatched: boolean;
  readonly otherKeepsUnmatched: boolean;
}

/** A join that only forgets what is closed does it so many times per window. */
const EXPIRY_STEPS = 8;

type Items<V> = readonly JoinItem<V>[];

/**
 * One side of a join of streams. A record meets those of the other side within its window, and waits for later ones. Its
 * window is closed when the watermark is past its end and grace: then it joins nothing more, and leaves alone if it
 * has to. So each pair and each record without partner comes out once, and never both.
 */
export function streamJoinOperator<K, V, VO, R>(
  side: JoinSide,
  joiner: (value: V | null, other: VO | null, key: K) => R,
): OperatorFactory<K | null, V, K, R> {
  const { beforeMs, afterMs, graceMs } = side;
  return (setup) => {
    const { store, task, forward, name } = setup;
    const own = store<WindowStore<K, Items<V>>>(side.own);
    const other = store<WindowStore<K, Items<VO>>>(side.other);
    const closing = closeWindows(setup, own, side, (value, key) => joiner(value, null, key));
    return (key, value, _old, timestampMs) => {
      if (key === null || value === null) {
        task.skipped(key === null ? 'null-key' : 'null-value');
        return;
      }
      if (timestampMs + afterMs + graceMs < task.watermarkMs) {
        task.late(name, timestampMs);
        return;
      }
      // A partner looks forward as far as this side looks back.
      const openMs = task.watermarkMs - beforeMs - graceMs;
      let matched = false;
      for (const found of other.fetch(key, Math.max(timestampMs - beforeMs, openMs), timestampMs + afterMs)) {
        matched = true;
        const { startMs, value: items } = found;
        if (side.otherKeepsUnmatched && items.some((item) => !item.matched))
          other.put(
            key,
            startMs,
            items.map((item) => ({ value: item.value, matched: true })),
            startMs,
          );
        for (const item of items) forward(key, joiner(value, item.value, key), null, Math.max(timestampMs, startMs));
      }
      const waiting = own.get(key, timestampMs);
      own.put(key, timestampMs, waiting === null ? [{ value, matched }] : [...waiting, { value, matched }], timestampMs);
      closing(timestampMs);
    };
  };
}

/** Lets records go when their windows close. Returns what has to be told the time of each record that waits. */
function closeWindows<K, V, R>(
  { task, forward }: OperatorSetup<K, R>,
  own: WindowStore<K, Items<V>>,
  { afterMs, graceMs, keepsUnmatched }: JoinSide,
  alone: (value: V, key: K) => R,
): (timestampMs: number) => void {
  const reachMs = afterMs + graceMs;
  // Where nobody waits to leave alone, what is closed is only forgotten: in steps, since joins look no farther back anyway.
  const dueMs = reachMs + (keepsUnmatched ? 1 : Math.max(1, Math.floor(reachMs / EXPIRY_STEPS)));
  const timer = task.onWatermark((watermarkMs) => {
    const openMs = watermarkMs - reachMs;
    if (keepsUnmatched) {
      // Windows are closed before `openMs`; times are whole milliseconds.
      for (const { key, startMs, value: items } of own.fetchAll(Number.NEGATIVE_INFINITY, openMs - 1)) {
        for (const { value, matched } of items) if (!matched) forward(key, alone(value, key), null, startMs);
      }
    }
    own.expire(openMs);
    const firstMs = own.firstStartMs();
    if (firstMs !== undefined) timer.at(firstMs + dueMs);
  });
  // What an earlier life has let go comes back from the changelog, which forgets later than the store.
  own.expire(task.watermarkMs - reachMs);
  const firstMs = own.firstStartMs();
  if (firstMs !== undefined) timer.at(firstMs + dueMs);
  return (timestampMs) => timer.at(timestampMs + dueMs);
}
