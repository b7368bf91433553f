import { closeSync, createReadStream, openSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Workload } from './anomaly.ts';
import { createChecker, type HistoryVerdict } from './check-ops.ts';
import { encodeOp, type Op, parseOp } from './op.ts';

/** Bytes of lines that are collected before they are written: one write for some hundred ops. */
const WRITE_CHARS = 64 * 1024;

/** A history on its way into a file. */
export interface HistoryWriter extends Disposable {
  write(op: Op): void;
  /** Everything written so far is in the file. */
  flush(): void;
  close(): void;
}

/** Writes a new file. What is done to the cluster is written through, with all before it; the rest some hundred ops at a time. */
export function writeHistory(path: string): HistoryWriter {
  const file = openSync(path, 'wx');
  let pending = '';
  let open = true;
  const flush = (): void => {
    if (pending !== '') writeSync(file, pending);
    pending = '';
  };
  const close = (): void => {
    if (!open) return;
    open = false;
    flush();
    closeSync(file);
  };
  return {
    write(op): void {
      pending += encodeOp(op);
      if (op.f === 'nemesis' || pending.length >= WRITE_CHARS) flush();
    },
    flush,
    close,
    [Symbol.dispose]: close,
  };
}

/** The ops of a file. A last line without an end was being written when its process died: it is left out. @throws Error that names the line */
export async function* readHistory(path: string): AsyncGenerator<Op> {
  let previous: string | undefined;
  let lineNumber = 0;
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
    if (previous !== undefined) yield parseOp(previous, lineNumber);
    lineNumber += 1;
    previous = line;
  }
  if (previous === undefined) return;
  const last = lastOp(previous, lineNumber);
  if (last !== undefined) yield last;
}

function lastOp(line: string, lineNumber: number): Op | undefined {
  try {
    return parseOp(line, lineNumber);
  } catch {
    return undefined;
  }
}

/** Checks a kept history again. @throws Error when the file is no history */
export async function checkHistoryFile(path: string, workload: Workload = {}): Promise<HistoryVerdict> {
  const checker = createChecker(workload);
  for await (const op of readHistory(path)) checker.add(op);
  return checker.verdict();
}
