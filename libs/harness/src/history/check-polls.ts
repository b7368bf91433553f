import type { Report } from './anomaly.ts';
import type { KeyLog, KeyLogs } from './key-log.ts';
import type { AssignRow, OpTables, PollRow } from './op-tables.ts';

/** What a consumer has read of a key. */
interface Position {
  /** The last record; −1 before the first of the log. */
  offset: number;
  /** Of the op that read it. */
  op: number;
}

const BEGINNING = -1;

/** Whether each consumer saw the log in its order and without holes, and each final read all that anyone has read. */
export function checkPolls(tables: OpTables, logs: KeyLogs, report: Report): void {
  const consumers = new Map<string, Map<string, Position>>();
  const finals = new Map<string, AssignRow>();
  for (const row of tables.reads) {
    const positions = consumers.get(row.process) ?? new Map<string, Position>();
    if (row.kind === 'assign') {
      consumers.set(row.process, assigned(positions, row));
      if (row.final) finals.set(row.process, row);
      continue;
    }
    consumers.set(row.process, positions);
    const log = logs.get(row.key);
    if (log !== undefined) followPoll(positions, row, log, report);
  }
  for (const final of finals.values()) checkFinal(final, consumers.get(final.process) ?? new Map(), logs, report);
}

/** Positions under the new assignment: what is not assigned any more is forgotten. */
function assigned(before: ReadonlyMap<string, Position>, row: AssignRow): Map<string, Position> {
  const after = new Map<string, Position>();
  for (const key of row.keys) {
    const position = row.from === 'beginning' ? { offset: BEGINNING, op: -1 } : row.from === 'kept' ? before.get(key) : undefined;
    if (position !== undefined) after.set(key, position);
  }
  return after;
}

function followPoll(positions: Map<string, Position>, row: PollRow, log: KeyLog, report: Report): void {
  let last = positions.get(row.key);
  for (const [offset, value] of row.records) {
    if (last === undefined) {
      last = { offset, op: row.op };
      continue;
    }
    const within = last.op === row.op;
    const found = { key: row.key, offset, value, detail: `${row.process} came from ${placeOf(last.offset)}` };
    if (offset <= last.offset) report({ name: within ? 'int-nonmonotonic-poll' : 'nonmonotonic-poll', ...found });
    else if (leftOut(log, last.offset, offset) > 0) report({ name: within ? 'int-poll-skip' : 'poll-skip', ...found });
    last = { offset, op: row.op };
  }
  if (last !== undefined) positions.set(row.key, last);
}

/** How many records that somebody has read lie between two that were read. */
function leftOut(log: KeyLog, from: number, to: number): number {
  const before = from === BEGINNING ? -1 : (log.rankOf.get(from) ?? -1);
  return (log.rankOf.get(to) ?? before + 1) - before - 1;
}

function placeOf(offset: number): string {
  return offset === BEGINNING ? 'the beginning' : `offset ${offset}`;
}

function checkFinal(final: AssignRow, positions: ReadonlyMap<string, Position>, logs: KeyLogs, report: Report): void {
  for (const key of final.keys) {
    const log = logs.get(key);
    const end = positions.get(key)?.offset ?? BEGINNING;
    if (log === undefined || end >= log.highestOffset) continue;
    const offset = log.highestOffset;
    const detail = `it was read, and the final read of ${final.process} ended at ${placeOf(end)}`;
    report({ name: 'unseen', key, offset, value: log.valueAt.get(offset), detail });
  }
}
