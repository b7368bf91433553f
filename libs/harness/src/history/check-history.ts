import type { Read, Send } from './history.ts';
import { identityOf, isIntact, keyOf } from './unique-value.ts';

/**
 * What can be wrong with a log, in the words of Jepsen's checker for Kafka:
 * - `lost-write`: acknowledged at an offset at or below the highest one read, and never read;
 * - `unseen`: acknowledged above the highest offset read;
 * - `duplicate`: one value at two offsets;
 * - `inconsistent-offsets`: two values at one offset, or a value at another offset than it was acknowledged at;
 * - `nonmonotonic-send`: values of one producer and partition lie in another order than they were sent in;
 * - `int-nonmonotonic-poll`: a read went backwards;
 * and two that Jepsen has no word for:
 * - `altered`: a value with other bytes than were sent;
 * - `phantom`: a value that nobody sent, or whose send surely failed.
 */
export type AnomalyName =
  | 'lost-write'
  | 'unseen'
  | 'duplicate'
  | 'inconsistent-offsets'
  | 'nonmonotonic-send'
  | 'int-nonmonotonic-poll'
  | 'altered'
  | 'phantom';

export interface Anomaly {
  readonly name: AnomalyName;
  readonly partition: number;
  readonly offset: number | undefined;
  /** The value's identity, where it has one. */
  readonly value: string | undefined;
  readonly detail: string;
}

/** Checks a complete read of the log, from its beginning to its end and in order, against what was sent. */
export function checkHistory(sends: readonly Send[], reads: readonly Read[]): readonly Anomaly[] {
  const byKey = new Map(sends.map((send) => [keyOf(send.identity), send]));
  const log = readLog(reads, byKey);
  return [...log.anomalies, ...acknowledgedButMissing(sends, log), ...outOfOrder(log.values)];
}

/** A value as it lies in the log. */
interface Placed {
  readonly send: Send;
  readonly offset: number;
}

interface ReadLog {
  readonly anomalies: readonly Anomaly[];
  /** By identity: where the value lies first. */
  readonly values: ReadonlyMap<string, Placed>;
  /** By partition. */
  readonly highestOffset: ReadonlyMap<number, number>;
}

function readLog(reads: readonly Read[], byKey: ReadonlyMap<string, Send>): ReadLog {
  const anomalies: Anomaly[] = [];
  const values = new Map<string, Placed>();
  const highestOffset = new Map<number, number>();
  for (const read of reads) {
    const before = highestOffset.get(read.partition) ?? -1;
    if (read.offset <= before) anomalies.push(anomaly('int-nonmonotonic-poll', read, undefined, `after offset ${before}`));
    highestOffset.set(read.partition, Math.max(before, read.offset));
    const identity = read.value === null ? undefined : identityOf(read.value);
    const key = identity && keyOf(identity);
    const send = key === undefined ? undefined : byKey.get(key);
    if (read.value === null || identity === undefined || key === undefined || send === undefined) {
      anomalies.push(anomaly('phantom', read, key, 'nobody sent it'));
      continue;
    }
    anomalies.push(...misplaced(read, send, key, values.get(key)));
    if (read.value.length !== send.size || !isIntact(identity, read.value)) {
      anomalies.push(anomaly('altered', read, key, `${read.value.length} bytes, ${send.size} were sent`));
    }
    if (!values.has(key)) values.set(key, { send, offset: read.offset });
  }
  return { anomalies, values, highestOffset };
}

function misplaced(read: Read, send: Send, key: string, first: Placed | undefined): readonly Anomaly[] {
  const found: Anomaly[] = [];
  if (first !== undefined) found.push(anomaly('duplicate', read, key, `also at offset ${first.offset}`));
  if (send.partition !== read.partition) found.push(anomaly('phantom', read, key, `sent to partition ${send.partition}`));
  if (send.outcome.kind === 'fail') found.push(anomaly('phantom', read, key, 'its send surely failed'));
  if (first === undefined && send.outcome.kind === 'ok' && send.outcome.offset !== read.offset) {
    found.push(anomaly('inconsistent-offsets', read, key, `acknowledged at offset ${send.outcome.offset}`));
  }
  return found;
}

function acknowledgedButMissing(sends: readonly Send[], log: ReadLog): readonly Anomaly[] {
  return sends.flatMap((send): readonly Anomaly[] => {
    const key = keyOf(send.identity);
    if (send.outcome.kind !== 'ok' || log.values.has(key)) return [];
    const { offset } = send.outcome;
    const highest = log.highestOffset.get(send.partition) ?? -1;
    const name = offset <= highest ? 'lost-write' : 'unseen';
    return [{ name, partition: send.partition, offset, value: key, detail: `the highest offset read is ${highest}` }];
  });
}

function outOfOrder(values: ReadonlyMap<string, Placed>): readonly Anomaly[] {
  const anomalies: Anomaly[] = [];
  const lastOf = new Map<string, Placed>();
  const bySequence = [...values.values()].sort((one, other) => one.send.identity.sequence - other.send.identity.sequence);
  for (const placed of bySequence) {
    const lane = `${placed.send.identity.producer}/${placed.send.partition}`;
    const last = lastOf.get(lane);
    if (last !== undefined && last.offset > placed.offset) {
      const detail = `${keyOf(last.send.identity)}, sent before it, lies at ${last.offset}`;
      const { partition } = placed.send;
      anomalies.push({ name: 'nonmonotonic-send', partition, offset: placed.offset, value: keyOf(placed.send.identity), detail });
    }
    lastOf.set(lane, placed);
  }
  return anomalies;
}

function anomaly(name: AnomalyName, read: Read, value: string | undefined, detail: string): Anomaly {
  return { name, partition: read.partition, offset: read.offset, value, detail };
}
