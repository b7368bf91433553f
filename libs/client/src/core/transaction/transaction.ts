import type { ProducerRecord, RecordMetadata } from '../producer/producer-types.ts';
import type { RecordSender } from '../producer/record-sender.ts';
import type { OpenTransaction } from './open-transaction.ts';
import type { TransactionManager } from './transaction-manager.ts';
import type { TransactionGroup, TransactionOffset } from './transaction-types.ts';

/** What the calls of a transaction may be given. */
export interface TransactionCallOptions {
  /** Gives up waiting. A commit that is given up may be carried out all the same. */
  readonly signal?: AbortSignal;
}

/**
 * One transaction: its records and offsets count together, or not at all. Made by `TransactionalProducer.begin`, or handed to
 * the function of `TransactionalProducer.transaction`. A record or offset that fails fails the whole of it.
 */
export class Transaction<K = Uint8Array, V = Uint8Array> {
  readonly #manager: TransactionManager;
  readonly #sender: RecordSender<K, V>;
  readonly #transaction: OpenTransaction;

  /** For `TransactionalProducer`. @internal */
  constructor(manager: TransactionManager, sender: RecordSender<K, V>, transaction: OpenTransaction) {
    this.#manager = manager;
    this.#sender = sender;
    this.#transaction = transaction;
  }

  /**
   * Sends a record, as `Producer.send`. It need not be awaited: a commit waits for all, and is refused when one has failed.
   * Rejects as there, and with TRANSACTION_ABORTED when the transaction has failed or is aborted, INVALID_TRANSACTION_STATE
   * when it is over.
   */
  send(record: ProducerRecord<K, V>): Promise<RecordMetadata> {
    const refusal = this.#manager.refusal(this.#transaction);
    const sent = refusal === undefined ? this.#sender.send(record) : Promise.reject<RecordMetadata>(refusal);
    // Whoever looks at it sees the error; who does not learns it from the commit.
    sent.catch(() => {});
    return sent;
  }

  /** As `Producer.writable`. */
  get writable(): boolean {
    return this.#sender.writable;
  }

  /** As `Producer.drained`. */
  drained(): Promise<void> {
    return this.#sender.drained();
  }

  /**
   * Commits offsets of a group with the transaction; resolves when they are staged. Those of an earlier call of the same
   * transaction are replaced by partition. Rejects with what the group refuses: UNKNOWN_MEMBER, FENCED_MEMBER_EPOCH,
   * NOT_PARTITION_OWNER, GROUP_NOT_EMPTY and others; then the transaction has failed.
   */
  commitOffsets(group: TransactionGroup, offsets: readonly TransactionOffset[], options: TransactionCallOptions = {}): Promise<void> {
    const committed = this.#manager.commitOffsets(this.#transaction, group, offsets, options.signal);
    committed.catch(() => {});
    return committed;
  }

  /**
   * Waits until all that was sent is written, and commits. Resolves when that is decided for good.
   *
   * Rejects with TRANSACTION_ABORTED: nothing of it counts, the cause says why; `abort` comes next. FENCED_PRODUCER: nothing of
   * it counts, and the producer is of no more use. TRANSACTION_OUTCOME_UNKNOWN: all of it counts, or nothing; calling `commit`
   * again goes on asking, `abort` tries to abort it. Any other error: not committed yet, to be called again, or aborted.
   */
  commit(options: TransactionCallOptions = {}): Promise<void> {
    return this.#manager.commit(this.#transaction, options.signal);
  }

  /**
   * Nothing of it counts. What was not confirmed yet rejects with TRANSACTION_ABORTED.
   *
   * Rejects with INVALID_TRANSACTION_STATE when it had been committed, by a commit whose outcome was unknown;
   * with FENCED_PRODUCER; or when no server answered in time: nothing of it counts then either, as its time will be over.
   */
  abort(options: TransactionCallOptions = {}): Promise<void> {
    return this.#manager.abort(this.#transaction, options.signal);
  }
}
