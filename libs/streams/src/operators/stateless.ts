import type { OperatorFactory } from '../graph/operator.ts';
import type { RecordContext } from '../record/record-context.ts';

/** A function over a record. `record` says where it came from; it is valid during the call. */
export type Mapper<K, V, Result> = (value: V, key: K, record: RecordContext) => Result;

export function mapOperator<K, V, K2, V2>(fn: Mapper<K, V, readonly [key: K2, value: V2]>): OperatorFactory<K, V, K2, V2> {
  return ({ forward, task }) =>
    (key, value, _old, timestampMs) => {
      const mapped = fn(value, key, task.record);
      forward(mapped[0], mapped[1], null, timestampMs);
    };
}

export function mapValuesOperator<K, V, V2>(fn: Mapper<K, V, V2>): OperatorFactory<K, V, K, V2> {
  return ({ forward, task }) =>
    (key, value, _old, timestampMs) =>
      forward(key, fn(value, key, task.record), null, timestampMs);
}

export function selectKeyOperator<K, V, K2>(fn: Mapper<K, V, K2>): OperatorFactory<K, V, K2, V> {
  return ({ forward, task }) =>
    (key, value, _old, timestampMs) =>
      forward(fn(value, key, task.record), value, null, timestampMs);
}

export function filterOperator<K, V>(fn: Mapper<K, V, boolean>): OperatorFactory<K, V, K, V> {
  return ({ forward, task }) =>
    (key, value, _old, timestampMs) => {
      if (fn(value, key, task.record)) forward(key, value, null, timestampMs);
    };
}

export function flatMapOperator<K, V, K2, V2>(fn: Mapper<K, V, Iterable<readonly [key: K2, value: V2]>>): OperatorFactory<K, V, K2, V2> {
  return ({ forward, task }) =>
    (key, value, _old, timestampMs) => {
      for (const [newKey, newValue] of fn(value, key, task.record)) forward(newKey, newValue, null, timestampMs);
    };
}

export function flatMapValuesOperator<K, V, V2>(fn: Mapper<K, V, Iterable<V2>>): OperatorFactory<K, V, K, V2> {
  return ({ forward, task }) =>
    (key, value, _old, timestampMs) => {
      for (const newValue of fn(value, key, task.record)) forward(key, newValue, null, timestampMs);
    };
}

export function peekOperator<K, V>(fn: Mapper<K, V, void>): OperatorFactory<K, V, K, V> {
  return ({ forward, task }) =>
    (key, value, _old, timestampMs) => {
      fn(value, key, task.record);
      forward(key, value, null, timestampMs);
    };
}

export function passOperator<K, V>(): OperatorFactory<K, V, K, V> {
  return ({ forward }) => forward;
}

/** Each record goes to the first branch that takes it; to none where none does. */
export function branchOperator<K, V>(
  branches: readonly { readonly name: string; readonly takes: Mapper<K, V, boolean> }[],
): OperatorFactory<K, V, K, V> {
  return ({ child, task }) => {
    const targets = branches.map(({ name, takes }) => ({ takes, emit: child(name) }));
    return (key, value, _old, timestampMs) => {
      for (const { takes, emit } of targets) {
        if (!takes(value, key, task.record)) continue;
        emit(key, value, null, timestampMs);
        return;
      }
    };
  };
}

/** Changes of a table as a stream: what the key holds now. */
export function changesOperator<K, V>(): OperatorFactory<K, V, K, V> {
  return ({ forward }) =>
    (key, value, _old, timestampMs) =>
      forward(key, value, null, timestampMs);
}
