import { assert, MoldauError, type Offset } from '@moldau/kernel';
import type { DecodedRecord } from '@moldau/records';
import type { Deserializer } from '../serdes.ts';

/** What all records of one partition share. @internal */
export interface RecordContext<K, V> {
  readonly topic: string;
  readonly partition: number;
  readonly keyDeserializer: Deserializer<K>;
  readonly valueDeserializer: Deserializer<V>;
}

/** A record that was read. Bytes are views of the batch's memory, which they keep alive; copy what is kept for long. */
export interface ConsumedRecord<K = Uint8Array, V = Uint8Array> {
  readonly topic: string;
  readonly partition: number;
  readonly offset: Offset;
  /** Milliseconds since the Unix epoch: the producer's, or the broker's for topics with LogAppendTime. −1 for none. */
  readonly timestampMs: number;
  /** Decoded when it is read, each time. @throws MoldauError SERIALIZATION_FAILED with topic, partition and offset */
  readonly key: K | null;
  /** Decoded when it is read, each time. @throws MoldauError SERIALIZATION_FAILED with topic, partition and offset */
  readonly value: V | null;
  /** Names and values in the order in which they were sent; names may repeat. */
  readonly headers: readonly (readonly [name: string, value: Uint8Array | null])[];
}

/** A record as it lies in its batch. @internal */
export class RecordView<K, V> implements ConsumedRecord<K, V> {
  readonly #context: RecordContext<K, V>;
  readonly #record: DecodedRecord;

  constructor(context: RecordContext<K, V>, record: DecodedRecord) {
    this.#context = context;
    this.#record = record;
  }

  /** The record as its bytes say. */
  static rawOf<K, V>(record: ConsumedRecord<K, V>): DecodedRecord {
    assert(record instanceof RecordView, 'records come from batches');
    return record.#record;
  }

  get topic(): string {
    return this.#context.topic;
  }

  get partition(): number {
    return this.#context.partition;
  }

  get offset(): Offset {
    return this.#record.offset;
  }

  get timestampMs(): number {
    return this.#record.timestamp;
  }

  get key(): K | null {
    const bytes = this.#record.key;
    return bytes === null ? null : this.#deserialize('key', this.#context.keyDeserializer, bytes);
  }

  get value(): V | null {
    const bytes = this.#record.value;
    return bytes === null ? null : this.#deserialize('value', this.#context.valueDeserializer, bytes);
  }

  get headers(): readonly (readonly [name: string, value: Uint8Array | null])[] {
    return this.#record.headers.map(({ key, value }) => [key, value]);
  }

  #deserialize<Value>(side: string, deserializer: Deserializer<Value>, bytes: Uint8Array): Value {
    const { topic, partition } = this.#context;
    try {
      return deserializer.deserialize(bytes, topic);
    } catch (cause) {
      const detail = cause instanceof Error ? cause.message : String(cause);
      const facts = { topic, partition: String(partition), offset: String(this.offset), side };
      throw new MoldauError('SERIALIZATION_FAILED', `the ${side} at ${topic}-${partition} offset ${this.offset}: ${detail}`, facts, {
        cause,
      });
    }
  }
}
