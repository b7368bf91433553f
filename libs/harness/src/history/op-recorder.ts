import type { Read, SendOutcome, SendRecorder } from './history.ts';
import type { AssignOp, DataOp, Op, PolledRecord } from './op.ts';
import { identityOf, isIntact, keyOf, type ValueIdentity } from './unique-value.ts';

/** Where a consumer starts to read; see `AssignOp`. */
export interface Assigned {
  readonly partitions: readonly number[];
  readonly from: AssignOp['from'];
  readonly final?: boolean;
}

export interface RecorderOptions {
  /** Goes into the keys of ops; default `log`. */
  readonly topic?: string;
  /** Takes each op as it is recorded; the recorder itself keeps none. */
  readonly record: (op: Op) => void;
  /** Milliseconds of a clock that never goes back; default the process's own. */
  readonly now?: () => number;
}

/** Records what clients send to and read from one topic, and what is done to the cluster meanwhile, as ops of a history. */
export interface OpRecorder extends SendRecorder {
  assigned(consumer: string, assignment: Assigned): void;
  /** One poll's records, in the order in which the consumer gave them. */
  polled(consumer: string, reads: Iterable<Read>): void;
  nemesis(fault: string, phase: 'begin' | 'end', targets: readonly string[]): void;
  /** Sends that have had this outcome so far; `info` counts only those that are settled. */
  count(kind: SendOutcome['kind'] | 'begun' | 'polled'): number;
}

/** Values are `index of the producer` × this + `sequence`: integers that say whose they are. */
export const SEQUENCES_MAX = 2 ** 32;

export function createRecorder(options: RecorderOptions): OpRecorder {
  const { topic = 'log', record, now = () => performance.now() } = options;
  const startedAt = now();
  const producers = new Map<string, number>();
  const unsettled = new Map<string, number>();
  const counts = { ok: 0, fail: 0, info: 0, begun: 0, polled: 0 };
  const key = (partition: number): string => `${topic}-${partition}`;
  const head = (process: string): { readonly time: number; readonly process: string } => ({
    time: Math.round((now() - startedAt) * 1000) / 1000,
    process,
  });
  const send = (identity: ValueIdentity, partition: number, completion: Pick<DataOp, 'type' | 'error'>, offset: number | null): void => {
    const index = producers.get(identity.producer) ?? producers.size;
    producers.set(identity.producer, index);
    record({ ...head(identity.producer), f: 'send', ...completion, value: [['send', key(partition), valueOf(index, identity), offset]] });
  };
  return {
    begin(identity, partition): void {
      counts.begun += 1;
      unsettled.set(keyOf(identity), partition);
      send(identity, partition, { type: 'invoke' }, null);
    },
    settle(identity, outcome, error): void {
      const partition = unsettled.get(keyOf(identity));
      if (partition === undefined) throw new Error(`${keyOf(identity)} was settled, and is not under way`);
      unsettled.delete(keyOf(identity));
      counts[outcome.kind] += 1;
      const completion = { type: outcome.kind, ...(error === undefined ? {} : { error }) };
      send(identity, partition, completion, outcome.kind === 'ok' ? outcome.offset : null);
    },
    assigned(consumer, { partitions, from, final }): void {
      const keys = partitions.map(key);
      record({ ...head(consumer), f: 'assign', type: 'ok', keys, from, ...(final === true ? { final } : {}) });
    },
    polled(consumer, reads): void {
      const byKey = new Map<string, PolledRecord[]>();
      for (const { partition, offset, value } of reads) {
        counts.polled += 1;
        const records = byKey.get(key(partition));
        const record = polledRecord(offset, value, producers);
        if (records === undefined) byKey.set(key(partition), [record]);
        else records.push(record);
      }
      record({ ...head(consumer), f: 'poll', type: 'ok', value: [...byKey].map(([of, records]) => ['poll', of, records]) });
    },
    nemesis: (fault, phase, targets) => record({ ...head('nemesis'), f: 'nemesis', type: 'info', fault, phase, targets }),
    count: (kind) => counts[kind],
  };
}

function valueOf(producer: number, { sequence }: ValueIdentity): number {
  return producer * SEQUENCES_MAX + sequence;
}

function polledRecord(offset: number, value: Uint8Array | null, producers: ReadonlyMap<string, number>): PolledRecord {
  if (value === null) return [offset, 'null'];
  const identity = identityOf(value);
  const producer = identity && producers.get(identity.producer);
  if (identity === undefined || producer === undefined) return [offset, `${value.length} bytes of ${identity?.producer ?? 'somebody'}`];
  return isIntact(identity, value) ? [offset, valueOf(producer, identity)] : [offset, valueOf(producer, identity), 'altered'];
}
