import type { Anomaly, AnomalyName } from './anomaly.ts';
import { checkOps } from './check-ops.ts';
import type { Read, Send, SendOutcome } from './history.ts';
import type { Op } from './op.ts';
import { createRecorder, type OpRecorder, SEQUENCES_MAX } from './op-recorder.ts';
import { keyOf } from './unique-value.ts';

/** One thing that is wrong with a log. */
export interface LogAnomaly {
  readonly name: AnomalyName;
  readonly partition: number;
  readonly offset: number | undefined;
  /** The value's identity, or in words what was there in its place. */
  readonly value: string | undefined;
  readonly detail: string;
}

/**
 * Checks a complete read of the log, from its beginning to its end and in order, against what was sent. It is the check of
 * ops for those who keep none: nothing is known of when the sends were begun and answered, but their order.
 */
export function checkHistory(sends: readonly Send[], reads: readonly Read[]): readonly LogAnomaly[] {
  const ops: Op[] = [];
  const recorder = createRecorder({ record: (op) => void ops.push(op), now: () => 0 });
  for (const { identity, partition, size } of sends) recorder.begin(identity, partition, size);
  for (const { identity, outcome } of sends) settleKnown(recorder, identity, outcome);
  const partitions = [...new Set(reads.map(({ partition }) => partition))];
  recorder.assigned(FINAL_READER, { partitions, from: 'beginning', final: true });
  recorder.polled(FINAL_READER, reads);
  const producers = [...new Set(sends.map(({ identity }) => identity.producer))];
  return checkOps(ops).anomalies.map((anomaly) => inLog(anomaly, producers));
}

function inLog({ name, key, offset, value, detail }: Anomaly, producers: readonly string[]): LogAnomaly {
  const partition = Number(key.slice(key.lastIndexOf('-') + 1));
  return { name, partition, offset, value: typeof value === 'number' ? identityIn(value, producers) : value, detail };
}

function identityIn(value: number, producers: readonly string[]): string {
  const producer = producers[Math.floor(value / SEQUENCES_MAX)] ?? 'unknown';
  return keyOf({ producer, sequence: value % SEQUENCES_MAX });
}

const FINAL_READER = 'final read';

/** What is unknown stays so: nobody completes it. */
function settleKnown(recorder: OpRecorder, identity: Send['identity'], outcome: SendOutcome): void {
  if (outcome.kind !== 'info') recorder.settle(identity, outcome);
}
