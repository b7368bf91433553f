import { MoldauError } from '@moldau/kernel';
import type { OperatorFactory } from '../graph/operator.ts';
import type { RecordContext } from '../record/record-context.ts';
import type { StateStore } from '../stores/store.ts';
import type { StoreHandle } from '../stores/store-spec.ts';
import type { Punctuation, PunctuationTime, TaskId } from '../task/task-services.ts';

/** What a program's own processor works with. */
export interface ProcessorContext<K, V> {
  readonly taskId: TaskId;
  readonly operator: string;
  /** The record under work. */
  readonly record: RecordContext;
  /** Event time of the task, −Infinity before the first record. */
  readonly watermarkMs: number;
  readonly wallMs: number;
  /** Sends a record on; with the time of the record under work, or of the watermark in a punctuator, unless it says another. */
  forward(key: K, value: V, timestampMs?: number): void;
  /** @throws MoldauError UNCONNECTED_STORE for one that is not among the processor's stores */
  store<Store extends StateStore>(handle: StoreHandle<Store>): Store;
  /** Calls `run` at each multiple of `everyMs` since the epoch, by event time or by the wall clock; once for several that passed. */
  schedule(every: { readonly everyMs: number; readonly time: PunctuationTime }, run: (timeMs: number) => void): Punctuation;
}

/** A program's own operator: made once per task. Works at once; for calls that wait there is `mapValuesAsync`. */
export type Processor<K, V> = (value: V, key: K, record: RecordContext) => void;
export type ProcessorFactory<K, V, K2, V2> = (context: ProcessorContext<K2, V2>) => Processor<K, V>;

export function processorOperator<K, V, K2, V2>(factory: ProcessorFactory<K, V, K2, V2>): OperatorFactory<K, V, K2, V2> {
  return ({ forward, store, task, name }) => {
    const timeNow = (): number => (task.record.topic === '' ? Math.max(task.watermarkMs, 0) : task.record.timestampMs);
    const context: ProcessorContext<K2, V2> = {
      taskId: task.id,
      operator: name,
      record: task.record,
      get watermarkMs() {
        return task.watermarkMs;
      },
      get wallMs() {
        return task.wallMs;
      },
      forward: (key, value, timestampMs) => forward(key, value, null, timestampMs ?? timeNow()),
      store: (handle) => store(handle.spec.name),
      schedule: ({ everyMs, time }, run) => {
        if (Number.isSafeInteger(everyMs) && everyMs > 0) return task.schedule(everyMs, time, name, run);
        throw new MoldauError('INVALID_TOPOLOGY', `${name} schedules every ${everyMs} ms; it takes whole milliseconds above 0`, {
          operator: name,
          value: String(everyMs),
          limit: '1',
        });
      },
    };
    const process = factory(context);
    return (key, value) => process(value, key, task.record);
  };
}
