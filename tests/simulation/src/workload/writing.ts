import type { Transaction, TransactionalProducer } from '@moldau/client';
import { uniqueValue } from '@moldau/harness/history';
import { MoldauError } from '@moldau/kernel';
import { SeededRandom } from '@moldau/testkit';
import type { TransactionChecker, WrittenTransaction } from '../check/transaction-checker.ts';
import type { Scenario } from '../scenario/scenario.ts';
import type { ClientNode } from '../world/client-node.ts';

export const LEDGER = 'ledger';

const RECORDS_MAX = 6;
const VALUE_BYTES = 64;
/** The server aborts what takes longer, in ms. */
const TIMEOUT_MS = 4_000;
/** Before a writer that was fenced takes the id again, and between transactions, in ms. */
const RETURN_MS_MAX = 2_500;
const PAUSE_MS_MAX = 200;

/** A program that writes transactions to several partitions, commits most of them, and takes over from who fences it. */
export class Writer {
  readonly #node: ClientNode;
  readonly #scenario: Scenario;
  readonly #checker: TransactionChecker;
  readonly #random: SeededRandom;
  readonly #life: string;
  #written = 0;
  #stopping = false;
  /** Resolves when it has stopped. */
  readonly done: Promise<void>;

  constructor(node: ClientNode, life: number, scenario: Scenario, checker: TransactionChecker) {
    this.#node = node;
    this.#scenario = scenario;
    this.#checker = checker;
    this.#life = `${node.name}.${life}`;
    this.#random = new SeededRandom(scenario.seed * 64 + life * 8 + Number(node.name.at(-1)));
    this.done = this.#run();
  }

  stop(): void {
    this.#stopping = true;
  }

  async #run(): Promise<void> {
    const transactionalId = this.#scenario.groups?.sharedId === true ? LEDGER : this.#node.name;
    while (!this.#stopping) {
      const producer = this.#node.moldau.transactionalProducer({ transactionalId, timeoutMs: TIMEOUT_MS, maxBlockMs: 3_000 });
      while (!this.#stopping && (await this.#write(producer))) await this.#wait(PAUSE_MS_MAX);
      await producer.close();
      if (!this.#stopping) await this.#wait(RETURN_MS_MAX);
    }
  }

  /** False when the producer is of no more use. */
  async #write(producer: TransactionalProducer): Promise<boolean> {
    let transaction: Transaction;
    try {
      transaction = await producer.begin();
    } catch (error) {
      return MoldauError.from(error).reason !== 'FENCED_PRODUCER';
    }
    const written = this.#checker.begin(`${this.#life}.${this.#written++}`);
    const fate = await this.#fill(producer, transaction, written);
    return fate !== 'fenced';
  }

  async #fill(producer: TransactionalProducer, transaction: Transaction, written: WrittenTransaction): Promise<'fenced' | 'over'> {
    const records = this.#random.between(1, RECORDS_MAX);
    for (; written.records < records; written.records++) {
      const value = uniqueValue({ producer: written.name, sequence: written.records }, VALUE_BYTES);
      void transaction.send({ topic: LEDGER, partition: this.#random.below(this.#scenario.partitions), value });
      if (this.#random.chance(0.3)) await this.#wait(PAUSE_MS_MAX);
    }
    try {
      if (this.#random.chance(0.3)) {
        await transaction.abort();
        written.fate = 'aborted';
        return 'over';
      }
      written.fate = 'unknown';
      await transaction.commit();
      written.fate = 'committed';
      return 'over';
    } catch (error) {
      return this.#failed(producer, transaction, written, MoldauError.from(error));
    }
  }

  async #failed(
    producer: TransactionalProducer,
    transaction: Transaction,
    written: WrittenTransaction,
    error: MoldauError,
  ): Promise<'fenced' | 'over'> {
    if (error.reason === 'FENCED_PRODUCER') {
      written.fate = 'aborted';
      return 'fenced';
    }
    if (error.reason === 'TRANSACTION_ABORTED') written.fate = 'aborted';
    try {
      if (error.reason !== 'TRANSACTION_OUTCOME_UNKNOWN') await transaction.abort();
      else written.fate = (await producer.settle()) ?? 'unknown';
      return 'over';
    } catch (again) {
      return MoldauError.from(again).reason === 'FENCED_PRODUCER' ? 'fenced' : 'over';
    }
  }

  #wait(maxMs: number): Promise<void> {
    return new Promise((resolve) => void this.#node.process.scheduler.after(this.#random.fraction() * maxMs, resolve));
  }
}
