import type { Headers } from '../record/record-context.ts';

/** A result on its way to a topic. */
export interface OutputRecord {
  readonly topic: string;
  /** Undefined: by the key's hash, or any for a record without key. */
  readonly partition: number | undefined;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly timestampMs: number;
  readonly headers: Headers;
}

/**
 * Port: takes results in order, without waiting. The host bounds what is under way by not giving the task more records, and
 * tells the task of records that were refused (`StreamTask.productionFailed`).
 */
export interface Output {
  send(record: OutputRecord): void;
  /** Undefined while it is not known. */
  partitionCount(topic: string): number | undefined;
}
