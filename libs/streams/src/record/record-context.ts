/** A name and a value beside a record's own; names may repeat, their order is kept. */
export type Header = readonly [name: string, value: Uint8Array | null];
export type Headers = readonly Header[];

/** A record of an input topic as it is read, undecoded. The SDK's `ConsumedRecord` of bytes is one. */
export interface InputRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Milliseconds since the Unix epoch; −1 for none. */
  readonly timestampMs: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: Headers;
}

/**
 * Where the record that is being worked on came from. One object serves all records of a task: read it during the call,
 * copy what is kept.
 */
export interface RecordContext {
  /** Empty while no record is being worked on: in punctuators, and where results leave at a commit or a window's close. */
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Event time of the record. */
  readonly timestampMs: number;
  /** Go out with every record that is sent while this one is worked on. */
  readonly headers: Headers;
}

const NO_HEADERS: Headers = Object.freeze([]);

/** The task's own, changeable view of the record under work. @internal */
export class CurrentRecord implements RecordContext {
  topic = '';
  partition = -1;
  offset = -1;
  timestampMs = -1;
  headers: Headers = NO_HEADERS;
  /** As it was read, for dead letters. */
  source: InputRecord | undefined;

  begin(record: InputRecord, timestampMs: number): void {
    this.topic = record.topic;
    this.partition = record.partition;
    this.offset = record.offset;
    this.timestampMs = timestampMs;
    this.headers = record.headers;
    this.source = record;
  }

  end(): void {
    this.topic = '';
    this.partition = -1;
    this.offset = -1;
    this.headers = NO_HEADERS;
    this.source = undefined;
  }
}
