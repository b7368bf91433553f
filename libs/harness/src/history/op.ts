/**
 * A history is what clients did and saw, and what was done to the cluster meanwhile: one op after the other, in the order
 * in which the recorder heard of them. Its form follows Jepsen's workload for Kafka (jepsen.tests.kafka). As a file it is
 * JSONL, one op per line:
 *
 *     {"time":12.3,"process":"p0","f":"send","type":"invoke","value":[["send","log-0",4294967297,null]]}
 *     {"time":14.1,"process":"p0","f":"send","type":"ok","value":[["send","log-0",4294967297,17]]}
 *     {"time":20.0,"process":"r0","f":"assign","type":"ok","keys":["log-0"],"from":"beginning"}
 *     {"time":21.5,"process":"r0","f":"poll","type":"ok","value":[["poll","log-0",[[17,4294967297]]]]}
 *     {"time":22.0,"process":"nemesis","f":"nemesis","type":"info","fault":"kill","phase":"begin","targets":["broker-1"]}
 *
 * A send is begun (`invoke`) before its bytes leave and completed once: an op that is never completed counts as `info`.
 * Its two lines belong together by their values, which are unique integers. Several sends of one process may be under
 * way; their order is that of their invocations.
 */
export type Op = DataOp | AssignOp | NemesisOp;

/** `ok`: it happened. `fail`: it surely did not. `info`: unknown; it may have, or may still. */
export type OpType = 'invoke' | 'ok' | 'fail' | 'info';

/**
 * A record that was polled: its offset and its value, or a text where it holds none of ours. `altered`: it says it is this
 * value, and has other bytes.
 */
export type PolledRecord = readonly [offset: number, value: number | string, flaw?: 'altered'];

/** What an op does to one partition. The key stands for a topic and partition. An offset is null while it is unknown. */
export type MicroOp =
  | readonly ['send', key: string, value: number, offset: number | null]
  | readonly ['poll', key: string, records: readonly PolledRecord[]];

interface OpHead {
  /** Milliseconds since the history began. */
  readonly time: number;
  /** Whose op it is: a producer or consumer, for as long as it keeps its state. */
  readonly process: string;
}

/** Sends, polls, or both in one transaction. */
export interface DataOp extends OpHead {
  readonly f: 'send' | 'poll' | 'txn';
  readonly type: OpType;
  readonly value: readonly MicroOp[];
  /** Why it failed, for those who read the file. */
  readonly error?: string;
}

/** A consumer's partitions from now on. */
export interface AssignOp extends OpHead {
  readonly f: 'assign';
  readonly type: 'ok';
  readonly keys: readonly string[];
  /** Where it reads from: the first record, where it stopped (a new partition: anywhere), or a place nothing is known of. */
  readonly from: 'beginning' | 'kept' | 'anywhere';
  /** It reads to the end, after all faults have ended: whatever anyone has read it must read too. */
  readonly final?: boolean;
}

/** Something that was done to the cluster. */
export interface NemesisOp extends OpHead {
  readonly f: 'nemesis';
  readonly type: 'info';
  readonly fault: string;
  readonly phase: 'begin' | 'end';
  readonly targets: readonly string[];
}

/** The op as one line of the file, with its end. */
export function encodeOp(op: Op): string {
  return `${JSON.stringify(op)}\n`;
}

/** Reads one line. @throws Error that names the line when it is no op */
export function parseOp(line: string, lineNumber: number): Op {
  let op: unknown;
  try {
    op = JSON.parse(line);
  } catch (cause) {
    throw new Error(`line ${lineNumber} of the history is not JSON`, { cause });
  }
  if (!isOp(op)) throw new Error(`line ${lineNumber} of the history is no op: ${line.slice(0, 200)}`);
  return op;
}

function isOp(op: unknown): op is Op {
  if (typeof op !== 'object' || op === null) return false;
  const { time, process, f, type, value, keys, targets } = op as Readonly<Record<string, unknown>>;
  if (typeof time !== 'number' || typeof process !== 'string' || typeof type !== 'string') return false;
  if (f === 'send' || f === 'poll' || f === 'txn') return ['invoke', 'ok', 'fail', 'info'].includes(type) && isMicroOps(value);
  return (f === 'assign' && Array.isArray(keys)) || (f === 'nemesis' && Array.isArray(targets));
}

function isMicroOps(value: unknown): value is readonly MicroOp[] {
  return (
    Array.isArray(value) &&
    value.every((micro) => {
      if (!Array.isArray(micro) || typeof micro[1] !== 'string') return false;
      if (micro[0] === 'send') return Number.isSafeInteger(micro[2]) && (micro[3] === null || Number.isSafeInteger(micro[3]));
      return micro[0] === 'poll' && Array.isArray(micro[2]);
    })
  );
}
