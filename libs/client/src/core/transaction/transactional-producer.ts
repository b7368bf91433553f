import { MoldauError } from '@moldau/kernel';
import { integerOption } from '../client-options.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { delay } from '../delay.ts';
import type { CloseOptions, ProducerStats } from '../producer/producer-types.ts';
import { RecordSender } from '../producer/record-sender.ts';
import { Transaction, type TransactionCallOptions } from './transaction.ts';
import { TransactionCalls } from './transaction-calls.ts';
import { TransactionManager } from './transaction-manager.ts';
import type { TransactionalProducerOptions } from './transaction-types.ts';
import { parseTransactionalOptions } from './transactional-options.ts';

const CLOSE_TIMEOUT_MS_DEFAULT = 30_000;
const CLOSE_TIMEOUT_MS_MAX = 86_400_000;

/**
 * Sends records in transactions, one after the other: what one of them wrote, to any topics and partitions, and the offsets it
 * committed, counts together or not at all for readers with `isolation: 'read_committed'`. Made by
 * `moldau.transactionalProducer`.
 *
 * @example
 * await using producer = moldau.transactionalProducer({ transactionalId: 'billing-1', valueSerializer: serdes.json<Entry>() });
 * await producer.transaction((tx) => {
 *   void tx.send({ topic: 'accounts', key: from, value: debit });
 *   void tx.send({ topic: 'accounts', key: to, value: credit });
 * });
 */
export class TransactionalProducer<K = Uint8Array, V = Uint8Array> {
  /** The id that fences. */
  readonly transactionalId: string;
  readonly #cluster: Cluster;
  readonly #manager: TransactionManager;
  readonly #sender: RecordSender<K, V>;
  #closed: Promise<void> | undefined;

  /** For `moldau.transactionalProducer`. @internal */
  constructor(cluster: Cluster, options: TransactionalProducerOptions<K, V>, onClosed: () => void) {
    const { settings, transactionalId, timeoutMs } = parseTransactionalOptions(options, cluster.settings.requestTimeoutMs);
    this.transactionalId = transactionalId;
    this.#cluster = cluster;
    const calls = new TransactionCalls(cluster, transactionalId, timeoutMs);
    this.#manager = new TransactionManager(transactionalId, calls, settings.maxBlockMs);
    this.#sender = new RecordSender(cluster, settings, onClosed, this.#manager.hooks());
    this.#manager.attach(this.#sender);
  }

  /**
   * Begins a transaction. The first call asks for a session, which fences all producers that had the transactional id before.
   *
   * @throws MoldauError FENCED_PRODUCER: another producer has the id now; INVALID_TRANSACTION_STATE while a transaction is
   * under way; CLIENT_CLOSED; INVALID_TRANSACTION_TIMEOUT, PERMISSION_DENIED and others of the server
   */
  async begin(options: TransactionCallOptions = {}): Promise<Transaction<K, V>> {
    return new Transaction(this.#manager, this.#sender, await this.#manager.begin(options.signal));
  }

  /**
   * Runs `work` in a transaction, and commits it; when `work` or the commit fails, aborts it and throws what failed. After
   * any error but FENCED_PRODUCER and TRANSACTION_OUTCOME_UNKNOWN nothing of it counts, and another may follow.
   *
   * @throws MoldauError as `begin` and `Transaction.commit`, and whatever `work` throws
   */
  async transaction<Result>(
    work: (transaction: Transaction<K, V>) => Promise<Result> | Result,
    options: TransactionCallOptions = {},
  ): Promise<Result> {
    const transaction = await this.begin(options);
    try {
      const result = await work(transaction);
      await transaction.commit(options);
      return result;
    } catch (caught) {
      const { t } = this.#manager.state;
      // An unknown outcome stays unknown until it is asked for: an abort now could hide that it is committed.
      const isUnknown = t === 'undecided' && caught instanceof MoldauError && caught.reason === 'TRANSACTION_OUTCOME_UNKNOWN';
      if ((t === 'open' || t === 'failed' || t === 'undecided') && !isUnknown) await this.#abort(transaction);
      throw caught;
    }
  }

  /**
   * After TRANSACTION_OUTCOME_UNKNOWN: asks again how that transaction ended, before another can begin. Undefined when there is
   * nothing to ask.
   *
   * @throws MoldauError TRANSACTION_OUTCOME_UNKNOWN: still no answer; FENCED_PRODUCER
   */
  async settle({ signal }: TransactionCallOptions = {}): Promise<'committed' | 'aborted' | undefined> {
    const { state } = this.#manager;
    if (state.t !== 'undecided') return undefined;
    try {
      await this.#manager.commit(state.transaction, signal);
      return 'committed';
    } catch (caught) {
      if (this.#manager.state.t !== 'failed') throw caught;
      await this.#manager.abort(state.transaction, signal);
      return 'aborted';
    }
  }

  /** Counts since the producer was made, and what it holds now. */
  stats(): ProducerStats {
    return this.#sender.stats();
  }

  /** Aborts what is open; an end that is under way is waited for, for at most `timeoutMs`. Afterwards nothing of it runs any more. */
  close(options: CloseOptions = {}): Promise<void> {
    const limits = { min: 0, max: CLOSE_TIMEOUT_MS_MAX };
    this.#closed ??= this.#close(integerOption('timeoutMs', options.timeoutMs, limits, CLOSE_TIMEOUT_MS_DEFAULT));
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #abort(transaction: Transaction<K, V>): Promise<void> {
    try {
      await transaction.abort();
    } catch (caught) {
      const error = MoldauError.from(caught);
      const { transactionalId } = this;
      this.#cluster.ports.logger.warn('a transaction could not be aborted', { transactionalId, error: error.message });
    }
  }

  async #close(timeoutMs: number): Promise<void> {
    const { clock, scheduler } = this.#cluster.ports;
    const deadlineMs = clock.monotonicMs() + timeoutMs;
    const waited = new AbortController();
    if (timeoutMs > 0) {
      const patience = delay(scheduler, timeoutMs, waited.signal).catch(() => {});
      await Promise.race([this.#manager.ended, patience]);
      waited.abort();
    }
    await this.#manager.close(Math.max(0, deadlineMs - clock.monotonicMs()));
    await this.#sender.close({ timeoutMs: 0 });
  }
}
