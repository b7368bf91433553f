import type { Moldau, Producer, Transaction, TransactionalProducer } from '@moldau/client';
import { RetriableError, type SourceBatch, type SourcePosition } from '@moldau/connect';
import { MoldauError } from '@moldau/kernel';
import { canonicalJson } from '../../core/canonical-json.ts';
import { positionRecord } from '../cluster/source-offsets.ts';
import type { OutgoingRecord } from './record-pipeline.ts';
import { textOrBytes } from './text-or-bytes.ts';

/** A text or bytes. */
type Part = Uint8Array | string;

const SERIALIZERS = { keySerializer: textOrBytes, valueSerializer: textOrBytes };
/** Records between two looks at the room in the producer's buffer. */
const TURN_RECORDS = 64;
/** Unconfirmed records are kept for as long as a cluster may be away: the task waits, it does not give up. */
const DELIVERY_TIMEOUT_MS = 86_400_000;
const TRANSACTION_TIMEOUT_MS = 60_000;

export interface SourceWriterPlace {
  readonly connector: string;
  readonly offsetsTopic: string;
  readonly compression: 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd';
}

/** Writes what a source gave. `commit` makes all that was written before durable, positions included. */
export interface SourceWriter {
  write(records: readonly OutgoingRecord[], batch: SourceBatch): Promise<void>;
  commit(): Promise<void>;
  close(): Promise<void>;
}

/** Records first, then positions: what was not stored is read again after a crash. */
export class AtLeastOnceWriter implements SourceWriter {
  readonly #place: SourceWriterPlace;
  readonly #producer: Producer<Part, Part>;
  #positions = new Map<string, SourcePosition>();
  #failure: Error | undefined;
  readonly #failed = (error: unknown): void => {
    this.#failure ??= MoldauError.from(error);
  };

  constructor(moldau: Moldau, place: SourceWriterPlace) {
    this.#place = place;
    this.#producer = moldau.producer<Part, Part>({
      ...SERIALIZERS,
      compression: place.compression,
      deliveryTimeoutMs: DELIVERY_TIMEOUT_MS,
      maxBlockMs: DELIVERY_TIMEOUT_MS,
    });
  }

  async write(records: readonly OutgoingRecord[], batch: SourceBatch): Promise<void> {
    await sendAll(this.#producer, records, this.#failed);
    this.#assertSound();
    for (const position of batch.positions) this.#positions.set(canonicalJson(position.partition), position);
  }

  async commit(): Promise<void> {
    if (this.#positions.size === 0) return;
    const positions = this.#positions;
    this.#positions = new Map();
    await this.#producer.flush();
    this.#assertSound();
    const { offsetsTopic, connector } = this.#place;
    for (const position of positions.values()) this.#producer.send(positionRecord(offsetsTopic, connector, position)).catch(this.#failed);
    await this.#producer.flush();
    this.#assertSound();
  }

  close(): Promise<void> {
    return this.#producer.close({ timeoutMs: 1_000 });
  }

  #assertSound(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }
}

/** Each write is a transaction of records and positions together; a life that was replaced is fenced by the transactional id. */
export class ExactlyOnceWriter implements SourceWriter {
  readonly #place: SourceWriterPlace;
  readonly #producer: TransactionalProducer<Part, Part>;

  constructor(moldau: Moldau, transactionalId: string, place: SourceWriterPlace) {
    this.#place = place;
    this.#producer = moldau.transactionalProducer<Part, Part>({
      ...SERIALIZERS,
      transactionalId,
      timeoutMs: TRANSACTION_TIMEOUT_MS,
      compression: place.compression,
    });
  }

  /** From here on no earlier life of the task writes anything. */
  async fence(): Promise<void> {
    await this.#producer.transaction(() => {});
  }

  async write(records: readonly OutgoingRecord[], { positions }: SourceBatch): Promise<void> {
    if (records.length === 0 && positions.length === 0) return;
    const { offsetsTopic, connector } = this.#place;
    try {
      // An unknown outcome of the last attempt has to be known first: a repetition would be a duplicate.
      if ((await this.#settled()) === 'committed') return;
      await this.#producer.transaction(async (transaction) => {
        await sendAll(transaction, records, () => {});
        for (const position of positions) void transaction.send(positionRecord(offsetsTopic, connector, position));
      });
    } catch (caught) {
      throw retriableOf(caught);
    }
  }

  async #settled(): Promise<'committed' | 'aborted' | undefined> {
    return this.#producer.settle();
  }

  commit(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return this.#producer.close({ timeoutMs: 1_000 });
  }
}

async function sendAll(
  to: Producer<Part, Part> | Transaction<Part, Part>,
  records: readonly OutgoingRecord[],
  failed: (error: unknown) => void,
): Promise<void> {
  for (let index = 0; index < records.length; index++) {
    const record = records[index];
    if (record !== undefined) to.send(record).catch(failed);
    if (index % TURN_RECORDS === 0 && !to.writable) await to.drained();
  }
}

/** What may pass is waited for; what is wrong with the records or the fence is not. */
function retriableOf(caught: unknown): Error {
  let root: unknown = caught;
  while (root instanceof MoldauError && root.reason === 'TRANSACTION_ABORTED' && root.cause instanceof MoldauError) root = root.cause;
  const plain = caught instanceof Error ? caught : new Error(String(caught));
  if (!(root instanceof MoldauError)) return plain;
  const passes = root.retriable || root.reason === 'TRANSACTION_OUTCOME_UNKNOWN' || root.reason === 'DELIVERY_EXPIRED';
  const aborted = root.reason === 'TRANSACTION_ABORTED' || root.reason === 'DELIVERY_TIMED_OUT' || root.reason === 'DELIVERY_UNKNOWN';
  return passes || aborted ? new RetriableError(root.message, { cause: caught }) : plain;
}
