import { type Anomaly, type AnomalyName, allowedAnomalies, type Workload } from './anomaly.ts';
import { checkPolls } from './check-polls.ts';
import { checkAcknowledged, checkSendOrder } from './check-sends.ts';
import { readLogs } from './key-log.ts';
import type { Op } from './op.ts';
import { OpTables } from './op-tables.ts';

/** The most anomalies of one name that are kept; all are counted. */
const EXAMPLES_MAX = 100;

/** What a check found. */
export interface HistoryVerdict {
  /** Whether nothing was found but what the workload allows. */
  readonly valid: boolean;
  readonly ops: number;
  /** Sends by outcome. */
  readonly sends: Readonly<Record<'ok' | 'fail' | 'info', number>>;
  /** Records in all polls. */
  readonly polled: number;
  /** How often each was found. */
  readonly counts: ReadonlyMap<AnomalyName, number>;
  /** Those that are not allowed: the first hundred of each name. */
  readonly anomalies: readonly Anomaly[];
  /** Those that are. */
  readonly allowed: readonly Anomaly[];
}

/** Takes a history op by op and judges it at the end. */
export interface HistoryChecker {
  /** @throws Error when the history itself is none: a value is sent or completed twice */
  add(op: Op): void;
  verdict(): HistoryVerdict;
}

/** A checker whose time and memory grow linearly with the history, but for sorting offsets. */
export function createChecker(workload: Workload = {}): HistoryChecker {
  const tables = new OpTables();
  return { add: (op) => tables.add(op), verdict: () => judge(tables, workload) };
}

/** Checks a whole history. @throws Error when it is none */
export function checkOps(ops: Iterable<Op>, workload: Workload = {}): HistoryVerdict {
  const checker = createChecker(workload);
  for (const op of ops) checker.add(op);
  return checker.verdict();
}

function judge(tables: OpTables, workload: Workload): HistoryVerdict {
  const counts = new Map<AnomalyName, number>();
  const found: Anomaly[] = [];
  const report = (anomaly: Anomaly): void => {
    const count = (counts.get(anomaly.name) ?? 0) + 1;
    counts.set(anomaly.name, count);
    if (count <= EXAMPLES_MAX) found.push(anomaly);
  };
  const logs = readLogs(tables, report);
  checkAcknowledged(tables, logs, report);
  checkSendOrder(tables, logs, report);
  checkPolls(tables, logs, report);
  const allowance = allowedAnomalies(workload);
  const anomalies = found.filter(({ name }) => !allowance.has(name));
  return {
    valid: anomalies.length === 0,
    ops: tables.ops,
    sends: outcomes(tables),
    polled: tables.reads.reduce((sum, row) => sum + (row.kind === 'poll' ? row.records.length : 0), 0),
    counts,
    anomalies,
    allowed: found.filter(({ name }) => allowance.has(name)),
  };
}

function outcomes(tables: OpTables): HistoryVerdict['sends'] {
  const counts = { ok: 0, fail: 0, info: 0 };
  for (const { outcome } of tables.sends) counts[outcome] += 1;
  return counts;
}
