import { MoldauError, type Timer } from '@moldau/kernel';
import { backoffMs } from '../backoff.ts';
import type { ConsumerBatch } from '../consumer/consumer-batch.ts';
import type { TopicPartitionName } from '../consumer/consumer-types.ts';
import { delay } from '../delay.ts';
import type { GroupConsumer } from '../group/group-consumer.ts';
import type { RebalanceEvents } from '../group/group-types.ts';
import type { ClientPorts } from '../ports.ts';
import type { Transaction } from '../transaction/transaction.ts';
import type { TransactionalProducer } from '../transaction/transactional-producer.ts';
import { isLostFor, type TransformFailure, transformFailure } from './transform-failure.ts';
import { type ArrivedBatch, isOver, type TransformInput, TransformInputs } from './transform-input.ts';
import type { TransformWork } from './transform-work.ts';

/** What a member is made of. */
export interface TransformParts<InK, InV, OutK, OutV> {
  readonly ports: ClientPorts;
  consumer(events: RebalanceEvents): GroupConsumer<InK, InV>;
  readonly producer: TransactionalProducer<OutK, OutV>;
  readonly work: TransformWork<InK, InV, OutK, OutV>;
  readonly limits: TransformLimits;
  readonly reports: TransformReports;
}

export interface TransformLimits {
  readonly maxRecords: number;
  readonly maxWaitMs: number;
  /** Tries of records that are to blame themselves. */
  readonly attempts: number;
}

export interface TransformReports {
  committed(records: number): void;
  retried(error: MoldauError): void;
}

/** `end`: the consumer is closed. */
type Next<K, V> = Promise<ArrivedBatch<K, V> | 'end'>;

/**
 * One member of the group: reads, works, and writes results and offsets in one transaction, one after the other. A transaction
 * that fails is repeated with the records at hand, less those of partitions that have gone. A partition is given up
 * when the transaction with its records has ended.
 */
export class TransformMember<InK, InV, OutK, OutV> {
  readonly #parts: TransformParts<InK, InV, OutK, OutV>;
  readonly #consumer: GroupConsumer<InK, InV>;
  readonly #inputs = new TransformInputs<InK, InV>();
  readonly #closing = new AbortController();
  /** The batch that is asked for and did not come yet. */
  #next: Next<InK, InV> | undefined;
  #ended = false;
  /** Those who give up partitions, and wait until nothing is at hand that is not committed. */
  #leaving: (() => void)[] = [];
  /** Ends the wait for more records. */
  #wake: () => void = () => {};

  constructor(parts: TransformParts<InK, InV, OutK, OutV>) {
    this.#parts = parts;
    this.#consumer = parts.consumer({
      onAssigned: (partitions) => this.#inputs.end(partitions),
      onRevoked: (partitions) => this.#revoked(partitions),
      onLost: (partitions) => this.#inputs.end(partitions),
    });
  }

  /** Resolves once it is stopped. @throws MoldauError what it can't go on after; whatever the work throws for the last time */
  async run(): Promise<void> {
    const batches = this.#consumer.batches();
    try {
      while (!this.#closing.signal.aborted) {
        await this.#fill(batches);
        if (this.#inputs.count > 0) await this.#commitAll();
        this.#letGo();
      }
    } finally {
      this.#next?.catch(() => {});
      this.#ended = true;
      this.#letGo();
    }
  }

  /** It ends when the transaction under way has. */
  stop(): void {
    this.#closing.abort();
    this.#wake();
  }

  /** Leaves the group; after `run` has ended. */
  async close(): Promise<void> {
    await this.#consumer.close();
    await this.#parts.producer.close();
  }

  /** Takes records until there are enough or no more may be waited for. */
  async #fill(batches: AsyncIterator<ConsumerBatch<InK, InV>, undefined>): Promise<void> {
    const { maxRecords, maxWaitMs } = this.#parts.limits;
    const { clock } = this.#parts.ports;
    let deadlineMs: number | undefined;
    for (;;) {
      this.#inputs.take(maxRecords);
      if (this.#inputs.count >= maxRecords) return;
      if (!this.#inputs.isDrained) continue;
      if (this.#inputs.count > 0) deadlineMs ??= clock.monotonicMs() + maxWaitMs;
      else this.#letGo();
      this.#next ??= this.#ask(batches);
      const arrived = await this.#arrival(this.#next, deadlineMs === undefined ? undefined : deadlineMs - clock.monotonicMs());
      if (arrived === undefined) return;
      this.#next = undefined;
      if (arrived === 'end') {
        this.stop();
        return;
      }
      this.#inputs.add(arrived);
    }
  }

  async #ask(batches: AsyncIterator<ConsumerBatch<InK, InV>, undefined>): Promise<ArrivedBatch<InK, InV> | 'end'> {
    const result = await batches.next();
    return result.done === true ? 'end' : this.#inputs.arrived(result.value, this.#consumer.holdOn(result.value));
  }

  /** The batch; undefined when it is not there in time, or others wait for what is at hand. `leftMs` undefined: nothing is. */
  async #arrival(next: Next<InK, InV>, leftMs: number | undefined): Promise<Awaited<Next<InK, InV>> | undefined> {
    if (this.#closing.signal.aborted || (leftMs !== undefined && this.#leaving.length > 0)) return undefined;
    let timer: Timer | undefined;
    const over = new Promise<undefined>((resolve) => {
      this.#wake = () => resolve(undefined);
      if (leftMs !== undefined) timer = this.#parts.ports.scheduler.after(Math.max(0, leftMs), this.#wake);
    });
    try {
      return await Promise.race([next, over]);
    } finally {
      timer?.cancel();
      this.#wake = () => {};
    }
  }

  /** Commits what was taken and has not gone meanwhile, with as many tries as it takes. */
  async #commitAll(): Promise<void> {
    const { ports, limits, reports } = this.#parts;
    let failures = 0;
    for (let attempt = 0; ; attempt++) {
      const input = this.#inputs.current();
      const failure = input.records.length === 0 ? undefined : await this.#commitOnce(input);
      if (failure === undefined) {
        reports.committed(input.records.length);
        break;
      }
      if (failure.isOfRecords) failures += 1;
      if (!failure.isRepeatable || failures >= limits.attempts) throw failure.thrown;
      reports.retried(failure.error);
      await delay(ports.scheduler, backoffMs(ports.random, attempt), this.#closing.signal).catch(() => {});
      // What is not committed is read again by whoever has the partition next.
      if (this.#closing.signal.aborted) break;
    }
    this.#inputs.done();
  }

  /** One try; undefined when it is committed. */
  async #commitOnce(input: TransformInput<InK, InV>): Promise<TransformFailure | undefined> {
    try {
      await this.#parts.producer.transaction(async (transaction) => {
        await this.#parts.work(input.records, transaction);
        this.#commitOffsets(input, transaction);
      });
      return undefined;
    } catch (caught) {
      const failure = transformFailure(caught);
      return failure.error.reason === 'TRANSACTION_OUTCOME_UNKNOWN' ? this.#settle(failure) : failure;
    }
  }

  /** The commit waits for them, and fails if they do. @throws MoldauError NOT_PARTITION_OWNER */
  #commitOffsets({ ends }: TransformInput<InK, InV>, transaction: Transaction<OutK, OutV>): void {
    const gone = [...ends.keys()].find(isOver);
    if (gone !== undefined) throw new MoldauError('NOT_PARTITION_OWNER', `${gone.topic}-${gone.partition} is not this member's any more`);
    const offsets = [...ends].map(([{ topic, partition }, offset]) => ({
      topic,
      partition,
      offset,
      leaderEpoch: this.#consumer.leaderEpochBefore({ topic, partition }, offset),
    }));
    void transaction.commitOffsets(this.#consumer, offsets);
  }

  /** Asks until somebody knows how the transaction ended. */
  async #settle(failure: TransformFailure): Promise<TransformFailure | undefined> {
    const { signal } = this.#closing;
    let last = failure;
    while (!signal.aborted && !isLostFor(last.error)) {
      this.#parts.reports.retried(last.error);
      try {
        const outcome = await this.#parts.producer.settle({ signal });
        return outcome === 'committed' ? undefined : { ...failure, isRepeatable: outcome === 'aborted', isOfRecords: false };
      } catch (caught) {
        last = transformFailure(caught);
      }
    }
    return { ...last, isRepeatable: false };
  }

  /** What is at hand is committed before they go. */
  async #revoked(partitions: readonly TopicPartitionName[]): Promise<void> {
    if (this.#inputs.count > 0 && !this.#ended) {
      const committed = new Promise<void>((resolve) => this.#leaving.push(resolve));
      this.#wake();
      await committed;
    }
    this.#inputs.end(partitions);
  }

  #letGo(): void {
    for (const resolve of this.#leaving.splice(0)) resolve();
  }
}
