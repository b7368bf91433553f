import type { Datum } from './datum.ts';

export interface DataHeader {
  readonly name: string;
  readonly value: Datum;
}

/** A record between a connector and its converters; transforms take and give one. */
export interface DataRecord {
  readonly topic: string;
  /** Of a source's record: absent lets the producer choose by the key. */
  readonly partition?: number | undefined;
  readonly key: Datum;
  readonly value: Datum;
  readonly headers: readonly DataHeader[];
  /** Milliseconds since the Unix epoch; absent in a source's record: the time of the producer. */
  readonly timestampMs?: number | undefined;
}

/** A record that a source gives. */
export interface SourceRecord extends DataRecord {
  readonly topic: string;
}

/** A record that a sink takes, after converters and transforms. Topic and partition are those it was read from, if no transform changed them. */
export interface SinkRecord extends DataRecord {
  readonly partition: number;
  readonly timestampMs: number;
  /** Where it was read from, whatever transforms did to `topic`: what offsets to commit are counted by. */
  readonly source: { readonly topic: string; readonly partition: number };
  /** Its offset in `source`. */
  readonly offset: number;
}
