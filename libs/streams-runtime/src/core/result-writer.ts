import type { Producer, ProducerRecord, RecordMetadata, TransactionalProducer } from '@moldau/client';
import { MoldauError } from '@moldau/kernel';
import type { OutputRecord, TaskPosition } from '@moldau/streams';

type Transaction = Awaited<ReturnType<TransactionalProducer['begin']>>;
/** Who commits: what a transaction asks of the member, and the member's own commit. */
export interface Member {
  groupIdentity(): { readonly groupId: string; readonly memberId: string; readonly memberEpoch: number };
  commit(offsets: readonly TaskPosition[]): Promise<void>;
}

/** Where a thread's results go, and how they are committed with offsets. */
export interface ResultWriter {
  /** False while more records would only wait. */
  readonly writable: boolean;
  drained(): Promise<void>;
  /** Called before the first record after a commit is worked on. */
  begin(): Promise<void>;
  send(record: OutputRecord): Promise<RecordMetadata>;
  /** All that was sent is acknowledged or has failed: under exactly_once the commit sees to that. */
  flush(): Promise<void>;
  /** @throws MoldauError: nothing is committed, or (at_least_once) it may be */
  commit(member: Member, positions: readonly TaskPosition[]): Promise<void>;
  /** Nothing that was sent since the last commit counts. False: that can't be done here. */
  abort(): Promise<boolean>;
  close(): Promise<void>;
}

function wire({ topic, partition, key, value, timestampMs, headers }: OutputRecord): ProducerRecord<Uint8Array, Uint8Array> {
  const record = { topic, key, value, headers };
  const timed = timestampMs >= 0 ? { ...record, timestampMs } : record;
  return partition === undefined ? timed : { ...timed, partition };
}

/** at_least_once: acknowledged records, then offsets. */
export function plainWriter(producer: Producer): ResultWriter {
  return {
    get writable() {
      return producer.writable;
    },
    drained: () => producer.drained(),
    begin: async () => {},
    send: (record) => producer.send(wire(record)),
    flush: () => producer.flush(),
    commit: (member, positions) => (positions.length === 0 ? Promise.resolve() : member.commit(positions)),
    abort: async () => false,
    close: () => producer.close(),
  };
}

/** exactly_once: records and offsets in one transaction, fenced by member and epoch (KIP-447). */
export class TransactionWriter implements ResultWriter {
  readonly #producer: TransactionalProducer;
  #open: Transaction | undefined;

  constructor(producer: TransactionalProducer) {
    this.#producer = producer;
  }

  get writable(): boolean {
    return this.#open?.writable ?? true;
  }

  async drained(): Promise<void> {
    await this.#open?.drained();
  }

  async begin(): Promise<void> {
    await this.#producer.settle();
    this.#open ??= await this.#producer.begin();
  }

  send(record: OutputRecord): Promise<RecordMetadata> {
    if (this.#open === undefined) return Promise.reject(new MoldauError('INTERNAL', 'results are sent while a transaction is open'));
    return this.#open.send(wire(record));
  }

  async flush(): Promise<void> {}

  async commit(member: Member, positions: readonly TaskPosition[]): Promise<void> {
    const open = this.#open;
    if (open === undefined) return;
    if (positions.length > 0) await open.commitOffsets(member, positions);
    await open.commit();
    this.#open = undefined;
  }

  async abort(): Promise<boolean> {
    const open = this.#open;
    this.#open = undefined;
    await open?.abort().catch((caught: unknown) => {
      const error = MoldauError.from(caught);
      // Committed after all, or over: whoever goes on does so from the committed offsets.
      if (error.reason === 'FENCED_PRODUCER') throw error;
    });
    return true;
  }

  close(): Promise<void> {
    return this.#producer.close();
  }
}
