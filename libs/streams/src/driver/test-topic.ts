import type { Headers } from '../record/record-context.ts';
import type { TopicSerdes } from '../serdes/serde.ts';
import type { TopicLogs } from './topic-logs.ts';

export interface PipeOptions {
  /** Default: the driver's wall clock. */
  readonly timestampMs?: number;
  readonly headers?: Headers;
  /** Default: by the key's hash, as clients choose it. */
  readonly partition?: number;
}

/** A record as a test sees it. */
export interface TestRecord<K, V> {
  readonly partition: number;
  readonly key: K | null;
  readonly value: V | null;
  readonly timestampMs: number;
  readonly headers: Headers;
}

/** A topic of a test: records go in and come out. */
export class TestTopic<K, V> {
  readonly #name: string;
  readonly #serdes: TopicSerdes<K, V>;
  readonly #logs: TopicLogs;
  readonly #afterPipe: () => void;
  readonly #wallMs: () => number;
  readonly #read = new Map<number, number>();

  /** @internal */
  constructor(name: string, serdes: TopicSerdes<K, V>, driver: { readonly logs: TopicLogs; afterPipe(): void; wallMs(): number }) {
    this.#name = name;
    this.#serdes = serdes;
    this.#logs = driver.logs;
    this.#afterPipe = () => driver.afterPipe();
    this.#wallMs = () => driver.wallMs();
  }

  /** Puts a record in; when it returns, the application has worked on it. @throws MoldauError what stops a task */
  pipe(key: K | null, value: V | null, { timestampMs, headers = [], partition }: PipeOptions = {}): void {
    const keyBytes = key === null ? null : this.#serdes.key.serialize(key, this.#name);
    const valueBytes = value === null ? null : this.#serdes.value.serialize(value, this.#name);
    this.pipeBytes(keyBytes, valueBytes, {
      headers,
      ...(timestampMs === undefined ? {} : { timestampMs }),
      ...(partition === undefined ? {} : { partition }),
    });
  }

  /** As bytes: for input that no serde would make. */
  pipeBytes(key: Uint8Array | null, value: Uint8Array | null, { timestampMs, headers = [], partition }: PipeOptions = {}): void {
    this.#logs.append({ topic: this.#name, partition, key, value, timestampMs: timestampMs ?? this.#wallMs(), headers });
    this.#afterPipe();
  }

  /** What has come since the last call, partition by partition. */
  readAll(): readonly TestRecord<K, V>[] {
    const count = this.#logs.partitionCount(this.#name) ?? 0;
    return Array.from({ length: count }, (_, partition) => this.#readPartition(partition)).flat();
  }

  /** As pairs of key and value. */
  readPairs(): readonly (readonly [key: K | null, value: V | null])[] {
    return this.readAll().map(({ key, value }) => [key, value]);
  }

  #readPartition(partition: number): readonly TestRecord<K, V>[] {
    const records = this.#logs.records(this.#name, partition);
    const from = this.#read.get(partition) ?? 0;
    this.#read.set(partition, records.length);
    const { key: keySerde, value: valueSerde } = this.#serdes;
    return records.slice(from).map(({ key, value, timestampMs, headers }) => ({
      partition,
      key: key === null ? null : keySerde.deserialize(key, this.#name),
      value: value === null ? null : valueSerde.deserialize(value, this.#name),
      timestampMs,
      headers,
    }));
  }
}
