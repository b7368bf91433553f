import type { CompressionName, MoldauError, Offset } from '@moldau/kernel';
import { assembleBatch, BATCH_HEADER_BYTES, type SealedRecords, stampProducer } from '@moldau/records';
import type { RecordMetadata } from './producer-types.ts';

/** The producer id and epoch under which a partition's batches are numbered. */
export interface ProducerSession {
  readonly producerId: number;
  readonly producerEpoch: number;
  /** Its batches belong to a transaction; default no. */
  readonly transactional?: boolean;
}

type Resolve = (metadata: RecordMetadata | Promise<RecordMetadata>) => void;

// One executor for all promises: a closure per record would cost as much as the promise. Only `resolve` is kept; a failure
// is passed through it as a rejected promise.
let captured: Resolve = () => {};
const capture = (resolve: Resolve): void => {
  captured = resolve;
};

/**
 * The records of one batch on their way: first collected in the partition's builder, then sealed, then on the wire. Per
 * record it keeps the resolver of its promise and its timestamp, nothing else.
 */
export class ProducerBatch {
  /** Rises with each batch of a producer. */
  readonly id: number;
  readonly topic: string;
  readonly partition: number;
  /** When its first record came, by the monotonic clock. */
  readonly createdAtMs: number;
  /** What it takes of the producer's buffer. */
  bufferedBytes = 0;
  /** Times it was put on the wire. */
  attempts = 0;
  /** Some attempt may have been written: its answer was lost or indefinite. */
  maybeWritten = false;
  /** Its records' promises have been settled. */
  settled = false;
  /** Its transaction is over without it: what its answer says is of no interest. */
  abandoned = false;
  /** Why the last attempt failed. */
  lastError: MoldauError | undefined;
  /** Place of its first record in the session's sequence; set when it is first sent. */
  sequence = 0;
  #session: ProducerSession | undefined;
  #sealed: SealedRecords | undefined;
  #compression: CompressionName = 'none';
  /** Undefined while the codec works. */
  #payload: Uint8Array | undefined;
  #bytes: Buffer | undefined;
  #resolves: Resolve[] = [];
  #timestamps: number[] = [];

  constructor(id: number, topic: string, partition: number, createdAtMs: number) {
    this.id = id;
    this.topic = topic;
    this.partition = partition;
    this.createdAtMs = createdAtMs;
  }

  /** Records in it. */
  get count(): number {
    return this.#timestamps.length;
  }

  /** Sealed, and compressed if it shall be. */
  get ready(): boolean {
    return this.#payload !== undefined;
  }

  /** Length as it goes on the wire; to be asked only when it is ready. */
  get wireBytes(): number {
    return BATCH_HEADER_BYTES + (this.#payload?.length ?? 0);
  }

  /** The promise of the record just appended. */
  track(timestampMs: number): Promise<RecordMetadata> {
    const promise = new Promise<RecordMetadata>(capture);
    this.#resolves.push(captured);
    this.#timestamps.push(timestampMs);
    return promise;
  }

  seal(sealed: SealedRecords, compression: CompressionName): void {
    this.#sealed = sealed;
    this.#compression = compression;
    if (compression === 'none') this.#payload = sealed.records;
  }

  /** What `seal` took, as its codec left it. */
  compressed(payload: Uint8Array): void {
    this.#payload = payload;
  }

  /** The batch as bytes, under this session and the batch's `sequence`; without a session it is not idempotent. */
  bytes(session: ProducerSession | undefined): Buffer {
    const stamp = session === undefined ? {} : { ...session, baseSequence: this.sequence };
    if (this.#bytes === undefined) {
      const { sealed, payload } = this.#parts();
      this.#bytes = assembleBatch(sealed, { ...stamp, compression: this.#compression }, this.#compression === 'none' ? undefined : payload);
    } else if (session !== undefined && this.#session !== session) {
      stampProducer(this.#bytes, 0, { ...session, baseSequence: this.sequence });
    }
    this.#session = session;
    return this.#bytes;
  }

  /** Moves it in its session's sequence. */
  renumber(sequence: number): void {
    if (this.sequence === sequence) return;
    this.sequence = sequence;
    this.#session = undefined;
  }

  /** Settles each record's promise with its place in the log; no offset for `acks: 'none'`. */
  acknowledge(baseOffset: number | undefined, logAppendTimeMs: number | undefined): void {
    const { topic, partition } = this;
    const resolves = this.#resolves;
    const timestamps = this.#timestamps;
    for (let index = 0; index < resolves.length; index++) {
      const offset = baseOffset === undefined ? undefined : ((baseOffset + index) as Offset);
      resolves[index]!({ topic, partition, offset, timestampMs: logAppendTimeMs ?? timestamps[index]! });
    }
    this.#settle();
  }

  fail(error: MoldauError): void {
    const rejection = Promise.reject<RecordMetadata>(error);
    // Whoever looks at a record's promise sees the error; nobody looks at this one.
    rejection.catch(() => {});
    for (const resolve of this.#resolves) resolve(rejection);
    this.#settle();
  }

  #settle(): void {
    this.settled = true;
    this.#resolves = [];
  }

  #parts(): { readonly sealed: SealedRecords; readonly payload: Uint8Array } {
    const sealed = this.#sealed;
    const payload = this.#payload;
    if (sealed === undefined || payload === undefined) throw new Error('a batch is sent only once it is ready');
    return { sealed, payload };
  }
}
