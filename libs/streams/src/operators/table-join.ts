import type { OperatorFactory } from '../graph/operator.ts';
import type { Getter, GetterFactory } from './table-operators.ts';

export type JoinKind = 'inner' | 'left' | 'outer';

/** A row of two tables with one key; an absent side is null where the kind of join allows that. */
export type TableJoiner<V, VO, R> = (left: V | null, right: VO | null) => R | null;

/** The row that a join has for two sides; null for none. */
export function joinRow<V, VO, R>(kind: JoinKind, joiner: TableJoiner<V, VO, R>): TableJoiner<V, VO, R> {
  return (left, right) => {
    if (left === null && (right === null || kind !== 'outer')) return null;
    if (right === null && kind === 'inner') return null;
    return joiner(left, right);
  };
}

/** One side of a join of tables: a change here meets what the other side holds now. `row` takes this side first. */
export function tableJoinOperator<K, V, VO, R>(
  other: GetterFactory<K, VO>,
  row: TableJoiner<V, VO, R>,
): OperatorFactory<K, V | null, K, R | null> {
  return (setup) => {
    const get = other(setup);
    const { forward } = setup;
    return (key, value, old, timestampMs) => {
      const partner = get(key);
      const partnerValue = partner === null ? null : partner.value;
      const after = row(value, partnerValue);
      const before = row(old, partnerValue);
      if (after === null && before === null) return;
      forward(key, after, before, partner === null ? timestampMs : Math.max(timestampMs, partner.timestampMs));
    };
  };
}

export function joinedGetter<K, V, VO, R>(
  left: GetterFactory<K, V>,
  right: GetterFactory<K, VO>,
  row: TableJoiner<V, VO, R>,
): GetterFactory<K, R> {
  return (setup) => {
    const sides: readonly [Getter<K, V>, Getter<K, VO>] = [left(setup), right(setup)];
    return (key) => {
      const [ours, theirs] = [sides[0](key), sides[1](key)];
      const value = row(ours?.value ?? null, theirs?.value ?? null);
      return value === null ? null : { value, timestampMs: Math.max(ours?.timestampMs ?? -1, theirs?.timestampMs ?? -1) };
    };
  };
}
