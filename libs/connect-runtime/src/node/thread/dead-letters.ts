import type { ConsumedRecord, HeaderInput, Moldau, Producer } from '@moldau/client';
import type { ErrorStage } from './record-pipeline.ts';
import { threadLogger } from './thread-ports.ts';

/** Unconfirmed letters are kept for as long as a cluster may be away. */
const DELIVERY_TIMEOUT_MS = 86_400_000;

export interface DeadLetterOptions {
  readonly connector: string;
  readonly task: number;
  /** Undefined: bad records are only logged. */
  readonly topic: string | undefined;
  /** Undefined: the cluster's default. */
  readonly replicationFactor: number | undefined;
  readonly withContext: boolean;
}

/** The dead-letter topic: records as they were, byte for byte, with Kafka's headers that say what was wrong. */
export class DeadLetters {
  readonly #options: DeadLetterOptions;
  readonly #producer: Producer | undefined;
  readonly #moldau: Moldau;
  #isMade = false;

  constructor(moldau: Moldau, options: DeadLetterOptions) {
    this.#options = options;
    this.#moldau = moldau;
    const wait = { deliveryTimeoutMs: DELIVERY_TIMEOUT_MS, maxBlockMs: DELIVERY_TIMEOUT_MS };
    this.#producer = options.topic === undefined ? undefined : moldau.producer(wait);
  }

  /** Resolves when it is durable there. */
  async add(record: ConsumedRecord, error: Error, stage: ErrorStage): Promise<void> {
    const { topic, replicationFactor } = this.#options;
    const { topic: from, partition, offset } = record;
    if (topic === undefined || this.#producer === undefined) return;
    if (!this.#isMade) {
      const [made] = await this.#moldau
        .admin()
        .createTopics([{ name: topic, ...(replicationFactor === undefined ? {} : { replicationFactor }) }]);
      if (made?.error !== undefined && made.error.reason !== 'TOPIC_EXISTS') throw made.error;
      this.#isMade = true;
    }
    await this.#producer.send({
      topic,
      key: record.key,
      value: record.value,
      headers: [...record.headers, ...(this.#options.withContext ? this.#context(record, error, stage) : [])],
      ...(record.timestampMs < 0 ? {} : { timestampMs: record.timestampMs }),
    });
    threadLogger().debug('a record went to the dead-letter topic', { topic, from, partition, offset });
  }

  async close(): Promise<void> {
    await this.#producer?.close({ timeoutMs: 1_000 });
  }

  #context({ topic, partition, offset }: ConsumedRecord, error: Error, stage: ErrorStage): readonly HeaderInput[] {
    const { connector, task } = this.#options;
    const facts: readonly (readonly [string, string])[] = [
      ['topic', topic],
      ['partition', String(partition)],
      ['offset', String(offset)],
      ['connector.name', connector],
      ['task.id', String(task)],
      ['stage', stage],
      ['class.name', error.name],
      ['exception.class.name', error.name],
      ['exception.message', error.message],
      ['exception.stacktrace', error.stack ?? ''],
    ];
    return facts.map(([name, value]) => [`__connect.errors.${name}`, value]);
  }
}
