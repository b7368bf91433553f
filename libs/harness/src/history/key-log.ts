import type { Report } from './anomaly.ts';
import type { PolledRecord } from './op.ts';
import type { OpTables, PollRow, SendRow } from './op-tables.ts';

/** A partition's log, as far as anyone has read it. */
export interface KeyLog {
  /** The value first read at an offset. */
  readonly valueAt: Map<number, number | string>;
  /** Where a value was first read. */
  readonly offsetOf: Map<number, number>;
  /** Of the offsets that were read: how many lie below. */
  readonly rankOf: Map<number, number>;
  highestOffset: number;
}

/** By key. */
export type KeyLogs = ReadonlyMap<string, KeyLog>;

/** Puts together what was read, and reports values that contradict what was sent or what others have read. */
export function readLogs(tables: OpTables, report: Report): KeyLogs {
  const logs = new Map<string, KeyLog>();
  for (const row of tables.reads) {
    if (row.kind !== 'poll') continue;
    const log = logs.get(row.key) ?? { valueAt: new Map(), offsetOf: new Map(), rankOf: new Map(), highestOffset: -1 };
    logs.set(row.key, log);
    for (const record of row.records) place(log, row, record, { tables, report });
  }
  for (const log of logs.values()) rank(log);
  return logs;
}

interface Placing {
  readonly tables: OpTables;
  readonly report: Report;
}

function place(log: KeyLog, row: PollRow, [offset, value, flaw]: PolledRecord, { tables, report }: Placing): void {
  const { key } = row;
  log.highestOffset = Math.max(log.highestOffset, offset);
  const send = typeof value === 'number' ? tables.send(value) : undefined;
  if (row.transactional && send?.settledAt === row.op)
    report({ name: 'precommitted-read', key, offset, value, detail: 'its own transaction sent it' });
  if (flaw !== undefined) report({ name: flaw, key, offset, value, detail: 'other bytes than were sent' });
  const there = log.valueAt.get(offset);
  if (there === value) return;
  if (there !== undefined) report({ name: 'inconsistent-offsets', key, offset, value, detail: `${there} was read there before` });
  else log.valueAt.set(offset, value);
  // What is no value of ours has no identity: two of them are not one value twice.
  const first = typeof value === 'number' ? log.offsetOf.get(value) : undefined;
  if (first !== undefined) {
    report({ name: 'duplicate', key, offset, value, detail: `also at offset ${first}` });
    return;
  }
  if (typeof value === 'number') log.offsetOf.set(value, offset);
  compareWithSend({ key, offset, value }, send, report);
}

interface ReadValue {
  readonly key: string;
  readonly offset: number;
  readonly value: number | string;
}

function compareWithSend(read: ReadValue, send: SendRow | undefined, report: Report): void {
  if (send === undefined) report({ name: 'phantom', ...read, detail: 'nobody sent it' });
  else if (send.key !== read.key) report({ name: 'phantom', ...read, detail: `sent to ${send.key}` });
  else if (send.outcome === 'fail') report({ name: 'G1a', ...read, detail: 'its send surely failed' });
}

function rank(log: KeyLog): void {
  const offsets = Float64Array.from(log.valueAt.keys()).sort();
  for (let index = 0; index < offsets.length; index++) log.rankOf.set(offsets[index]!, index);
}
