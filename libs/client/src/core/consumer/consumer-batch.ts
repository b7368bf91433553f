import { MoldauError, type Offset } from '@moldau/kernel';
import { countAt, RecordBatchReader } from '@moldau/records';
import { type ConsumedRecord, type RecordContext, RecordView } from './consumed-record.ts';

/** A batch opened for reading: its bytes at a position, its records decompressed. @internal */
export interface OpenedBatch {
  readonly bytes: Uint8Array;
  readonly position: number;
  readonly records: Uint8Array;
}

/** Where in its batch and its partition a reader is. @internal */
export interface BatchPlace {
  /** Offset of the first record wanted; those below it are skipped. */
  readonly firstOffset: Offset;
  /** Of the batch, also where compaction has removed its last records. */
  readonly lastOffset: Offset;
  /** End of what any reader may see, when the batch was fetched. */
  readonly highWatermark: Offset;
}

/** Records of one partition, as they were sent together. Iterating it decodes them; it may be iterated again. */
export class ConsumerBatch<K = Uint8Array, V = Uint8Array> implements Iterable<ConsumedRecord<K, V>> {
  readonly firstOffset: Offset;
  readonly lastOffset: Offset;
  readonly highWatermark: Offset;
  readonly #context: RecordContext<K, V>;
  readonly #opened: OpenedBatch;
  /** Records at the front that are not wanted. */
  readonly #skip: number;

  /** For the consumer: `skip` records lie below `place.firstOffset`. @internal */
  constructor(context: RecordContext<K, V>, opened: OpenedBatch, place: BatchPlace, skip: number) {
    this.#context = context;
    this.#opened = opened;
    this.#skip = skip;
    this.firstOffset = place.firstOffset;
    this.lastOffset = place.lastOffset;
    this.highWatermark = place.highWatermark;
  }

  get topic(): string {
    return this.#context.topic;
  }

  get partition(): number {
    return this.#context.partition;
  }

  /** Number of records. */
  get count(): number {
    return countAt(this.#opened.bytes, this.#opened.position) - this.#skip;
  }

  /** The same as the batch itself, for reading it aloud: `for (const record of batch.records)`. */
  get records(): Iterable<ConsumedRecord<K, V>> {
    return this;
  }

  /** @throws MoldauError CORRUPT_BATCH with topic, partition and offset, at the record that is malformed */
  [Symbol.iterator](): BatchIterator<K, V> {
    return new BatchIterator(this.#context, this.#opened, this.#skip);
  }
}

/** The records of one batch, one after the other. */
export class BatchIterator<K, V> implements IterableIterator<ConsumedRecord<K, V>> {
  readonly #context: RecordContext<K, V>;
  readonly #reader: RecordBatchReader;

  /** For `ConsumerBatch`. @internal */
  constructor(context: RecordContext<K, V>, opened: OpenedBatch, skip: number) {
    this.#context = context;
    this.#reader = new RecordBatchReader(opened.bytes, opened.position, opened.records);
    for (let skipped = 0; skipped < skip; skipped++) this.#reader.readNext();
  }

  /** The next record; undefined after the last. */
  readNext(): ConsumedRecord<K, V> | undefined {
    try {
      const record = this.#reader.readNext();
      return record === undefined ? undefined : new RecordView(this.#context, record);
    } catch (caught) {
      throw placedError(caught, this.#context, this.#reader.baseOffset);
    }
  }

  next(): IteratorResult<ConsumedRecord<K, V>, undefined> {
    const value = this.readNext();
    return value === undefined ? { done: true, value } : { done: false, value };
  }

  [Symbol.iterator](): this {
    return this;
  }
}

/** The error with the place in the log where it was met. @internal */
export function placedError(
  caught: unknown,
  place: { readonly topic: string; readonly partition: number },
  offset: number | undefined,
): MoldauError {
  const error = MoldauError.from(caught);
  const where = `${place.topic}-${place.partition}${offset === undefined ? '' : ` at offset ${offset}`}`;
  const facts = { ...error.facts, topic: place.topic, partition: String(place.partition) };
  const placed = offset === undefined ? facts : { ...facts, offset: String(offset) };
  return new MoldauError(error.reason, `${where}: ${error.message}`, placed, { cause: error });
}
