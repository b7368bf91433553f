import type { Moldau } from '@moldau/client';
import { type Channel, MoldauError } from '@moldau/kernel';
import { createGrpcConnector } from '@moldau/platform-node';
import {
  Acks,
  callUnary,
  itemToError,
  producerService,
  TransactionOutcome,
  type TransactionSession,
  transactionService,
} from '@moldau/protocol';
import { RecordBatchBuilder } from '@moldau/records';
import { persistently } from './persistently.ts';

const TIMEOUT_MS = 5_000;
/** Of what is sent on a slow way. */
const SLOW_TIMEOUT_MS = 60_000;
const BATCH = { targetBytes: 1_000_000, maxBytes: 1_000_000 };

const connector = createGrpcConnector();

export interface BareProducerOptions {
  readonly moldau: Moldau;
  readonly topic: string;
  readonly transactionalId: string;
  readonly timeoutMs?: number;
}

/** A transactional producer of bare calls: its calls may go by ways of their own, and may come when they are no longer due. */
export class BareProducer implements Disposable {
  readonly #options: BareProducerOptions;
  readonly #channels = new Map<string, Channel>();
  readonly #sequences = new Map<number, number>();
  #session: TransactionSession;

  private constructor(options: BareProducerOptions, session: TransactionSession) {
    this.#options = options;
    this.#session = session;
  }

  /** Begins a session, which ends what the id has under way. */
  static async begin(options: BareProducerOptions): Promise<BareProducer> {
    const producer = new BareProducer(options, { producerId: -1, producerEpoch: -1 });
    const { transactionalId, timeoutMs } = options;
    const request = { transactionalId, ...(timeoutMs === undefined ? {} : { timeoutMs }) };
    const { session } = await persistently(async () =>
      callUnary(await producer.#anyBroker(), transactionService.beginProducerSession, request, { timeoutMs: TIMEOUT_MS }),
    );
    producer.#session = session ?? producer.#session;
    return producer;
  }

  /** Resolves when the record is acknowledged. `by`: the address of a slow way to the partition's leader, of one attempt. */
  async write(partition: number, value: string, by?: string): Promise<void> {
    const { moldau, topic, transactionalId } = this.#options;
    const sequence = this.#sequences.get(partition) ?? 0;
    this.#sequences.set(partition, sequence + 1);
    const builder = new RecordBatchBuilder(BATCH);
    builder.append(Date.now(), null, Buffer.from(value));
    const recordBatch = Buffer.from(builder.build({ ...this.#session, baseSequence: sequence, transactional: true }));
    const attempt = async (): Promise<void> => {
      const [described] = await moldau.admin().describeTopics([topic]);
      const topicId = described?.topicId ?? '';
      const channel = this.#channel(by ?? (await this.leaderAddress(partition)));
      const request = { acks: Acks.ALL, batches: [{ batchId: 1, topicId, partition, recordBatch, transactionalId }] };
      const { results } = await callUnary(channel, producerService.produce, request, limitsOf(by));
      if (results[0]?.error !== undefined) throw itemToError(results[0].error);
    };
    await (by === undefined ? persistently(attempt) : attempt());
  }

  /** Ends the transaction, and goes on in the next one's epoch. `by`: as of `write`; the producer stays in its epoch then. */
  async end(ending: 'commit' | 'abort', by?: string): Promise<void> {
    const outcome = ending === 'commit' ? TransactionOutcome.COMMIT : TransactionOutcome.ABORT;
    const request = { transactionalId: this.#options.transactionalId, session: this.#session, outcome };
    const attempt = async () =>
      callUnary(by === undefined ? await this.#anyBroker() : this.#channel(by), transactionService.endTransaction, request, limitsOf(by));
    const { session } = await (by === undefined ? persistently(attempt) : attempt());
    if (by !== undefined || session === undefined) return;
    this.#session = session;
    this.#sequences.clear();
  }

  /** Stages an offset of a group without members. */
  async stage(groupId: string, partition: number, offset: number): Promise<void> {
    const { moldau, topic, transactionalId } = this.#options;
    const [described] = await moldau.admin().describeTopics([topic]);
    const offsets = [{ topicId: described?.topicId ?? '', partition, offset, metadata: '' }];
    const request = { transactionalId, session: this.#session, groupId, offsets };
    const { results } = await persistently(async () =>
      callUnary(await this.#anyBroker(), transactionService.commitTransactionOffsets, request, { timeoutMs: TIMEOUT_MS }),
    );
    if (results[0]?.error !== undefined) throw itemToError(results[0].error);
  }

  /** `host:port` of the broker that leads the partition. */
  async leaderAddress(partition: number): Promise<string> {
    const { moldau, topic } = this.#options;
    const [described] = await moldau.admin().describeTopics([topic]);
    const leaderId = described?.partitions.find((each) => each.partition === partition)?.leaderId;
    const { brokers } = await moldau.admin().describeCluster();
    const leader = brokers.find(({ brokerId }) => brokerId === leaderId);
    if (leader === undefined) throw new MoldauError('LEADER_NOT_AVAILABLE', `${topic}-${partition} has no leader`, { topic });
    return `${leader.host}:${leader.port}`;
  }

  [Symbol.dispose](): void {
    for (const channel of this.#channels.values()) channel.close();
  }

  /** One that lives, as far as the cluster knows. */
  async #anyBroker(): Promise<Channel> {
    const { brokers } = await this.#options.moldau.admin().describeCluster();
    const living = brokers.filter(({ fenced }) => !fenced);
    const broker = living[Math.floor(performance.now()) % Math.max(1, living.length)];
    if (broker === undefined) throw new MoldauError('COORDINATOR_NOT_AVAILABLE', 'no broker lives');
    return this.#channel(`${broker.host}:${broker.port}`);
  }

  #channel(address: string): Channel {
    const channel = this.#channels.get(address) ?? connector.connect(address);
    this.#channels.set(address, channel);
    return channel;
  }
}

function limitsOf(by: string | undefined): { readonly timeoutMs: number } {
  return { timeoutMs: by === undefined ? TIMEOUT_MS : SLOW_TIMEOUT_MS };
}
