import type { Report } from './anomaly.ts';
import type { KeyLog, KeyLogs } from './key-log.ts';
import type { OpTables, SendRow } from './op-tables.ts';

/** What was acknowledged and is not where it was said to be, or nowhere. */
export function checkAcknowledged(tables: OpTables, logs: KeyLogs, report: Report): void {
  const acknowledgedAt = new Map<string, Map<number, number>>();
  for (const send of tables.sends) {
    if (send.outcome !== 'ok') continue;
    const log = logs.get(send.key);
    if (send.offset !== undefined) checkOffset(send, send.offset, log, { acknowledgedAt, report });
    if (log?.offsetOf.has(send.value) !== true) reportMissing(send, log?.highestOffset ?? -1, report);
  }
}

function reportMissing(send: SendRow, highest: number, report: Report): void {
  const { key, offset, value } = send;
  const name = offset !== undefined && offset <= highest ? 'lost-write' : 'unseen';
  report({ name, key, offset, value, detail: `acknowledged to ${send.process}; the highest offset read is ${highest}` });
}

interface Acknowledged {
  /** By key and offset: the value. */
  readonly acknowledgedAt: Map<string, Map<number, number>>;
  readonly report: Report;
}

function checkOffset(send: SendRow, offset: number, log: KeyLog | undefined, { acknowledgedAt, report }: Acknowledged): void {
  const { key, value } = send;
  const ofKey = acknowledgedAt.get(key) ?? new Map<number, number>();
  acknowledgedAt.set(key, ofKey);
  const readHere = log?.valueAt.get(offset);
  if (readHere === value) return;
  const readAt = log?.offsetOf.get(value);
  const other = readHere ?? ofKey.get(offset);
  const found = { name: 'inconsistent-offsets', key, value } as const;
  if (readAt !== undefined) report({ ...found, offset: readAt, detail: `acknowledged at offset ${offset}` });
  else if (other !== undefined) report({ ...found, offset, detail: `acknowledged there, as ${other} was or was read` });
  ofKey.set(offset, value);
}

/** Whether the log's order is the order of the sends: of one op, of one producer, and of those that did not overlap in time. */
export function checkSendOrder(tables: OpTables, logs: KeyLogs, report: Report): void {
  const lastOf = new Map<string, Placed>();
  const placed = new Map<string, Placed[]>();
  for (const send of tables.sends) {
    const offset = send.outcome === 'fail' ? undefined : (logs.get(send.key)?.offsetOf.get(send.value) ?? send.offset);
    if (offset === undefined) continue;
    const here = { send, offset };
    const lane = `${send.process} ${send.key}`;
    const last = lastOf.get(lane);
    if (last !== undefined) compareSends(last, here, logs, report);
    lastOf.set(lane, here);
    const ofKey = placed.get(send.key);
    if (ofKey === undefined) placed.set(send.key, [here]);
    else ofKey.push(here);
  }
  for (const ofKey of placed.values()) checkRealTime(ofKey, report);
}

interface Placed {
  readonly send: SendRow;
  readonly offset: number;
}

function compareSends(last: Placed, here: Placed, logs: KeyLogs, report: Report): void {
  const { key, value, process, op } = here.send;
  const within = last.send.op === op;
  if (here.offset <= last.offset) {
    const name = within ? 'int-nonmonotonic-send' : 'nonmonotonic-send';
    report({ name, key, offset: here.offset, value, detail: `${last.send.value}, sent by ${process} before it, lies at ${last.offset}` });
  } else if (within) {
    const { rankOf } = logs.get(key) ?? { rankOf: new Map<number, number>() };
    const [from, to] = [rankOf.get(last.offset), rankOf.get(here.offset)];
    if (from !== undefined && to !== undefined && to - from > 1)
      report({ name: 'int-send-skip', key, offset: here.offset, value, detail: `${to - from - 1} values since offset ${last.offset}` });
  }
}

/** A send that began after another was acknowledged must lie after it. Transactions are not isolated from each other's sends. */
function checkRealTime(ofKey: Placed[], report: Report): void {
  const descending = ofKey.filter(({ send }) => !send.transactional).sort((one, other) => other.offset - one.offset);
  /** Of those at higher offsets, the one acknowledged first. */
  let first: Placed | undefined;
  for (const here of descending) {
    const { key, value, invokedAt } = here.send;
    if (first !== undefined && first.send.settledAt < invokedAt && first.offset > here.offset) {
      const detail = `${first.send.value}, acknowledged before it was sent, lies at ${first.offset}`;
      report({ name: 'G0-realtime', key, offset: here.offset, value, detail });
    }
    if (here.send.outcome === 'ok' && here.send.settledAt < (first?.send.settledAt ?? Infinity)) first = here;
  }
}
