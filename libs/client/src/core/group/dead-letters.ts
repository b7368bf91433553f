import type { MoldauError } from '@moldau/kernel';
import type { Cluster } from '../cluster/cluster.ts';
import { type ConsumedRecord, RecordView } from '../consumer/consumed-record.ts';
import { Producer } from '../producer/producer.ts';
import type { HeaderInput } from '../producer/producer-types.ts';

/** Names of the headers that a dead letter has beside its own begin so. */
const PREFIX = 'moldau-dead-letter-';
/** Of the message in a header: a record has a limit. */
const MESSAGE_LENGTH_MAX = 1_000;
/** Records without a timestamp have this one. */
const NO_TIMESTAMP = -1;

/** A record that could not be worked on. */
export interface DeadLetter<K, V> {
  readonly record: ConsumedRecord<K, V>;
  readonly group: string;
  readonly attempts: number;
  /** HANDLER_FAILED, with the handler's own error as its cause. */
  readonly error: MoldauError;
}

/** Writes records that could not be worked on to a topic of their own: each once, acknowledged by all in-sync replicas. */
export class DeadLetters<K, V> {
  readonly #topic: string;
  readonly #producer: Producer<Uint8Array, Uint8Array>;

  constructor(cluster: Cluster, topic: string) {
    this.#topic = topic;
    this.#producer = new Producer(cluster, { acks: 'all', idempotent: true }, () => {});
  }

  /** Resolves when it is acknowledged. @throws MoldauError as `producer.send` */
  async send(letter: DeadLetter<K, V>): Promise<void> {
    const { key, value, headers, timestamp } = RecordView.rawOf(letter.record);
    const own = headers.map((header): HeaderInput => [header.key, header.value]);
    await this.#producer.send({
      topic: this.#topic,
      key,
      value,
      headers: [...own, ...causeOf(letter)],
      ...(timestamp === NO_TIMESTAMP ? {} : { timestampMs: timestamp }),
    });
  }

  close(): Promise<void> {
    return this.#producer.close();
  }
}

function causeOf<K, V>({ record, group, attempts, error }: DeadLetter<K, V>): readonly HeaderInput[] {
  return [
    [`${PREFIX}topic`, record.topic],
    [`${PREFIX}partition`, String(record.partition)],
    [`${PREFIX}offset`, String(record.offset)],
    [`${PREFIX}group`, group],
    [`${PREFIX}attempts`, String(attempts)],
    [`${PREFIX}error`, error.facts['error'] ?? error.reason],
    [`${PREFIX}message`, error.message.slice(0, MESSAGE_LENGTH_MAX)],
  ];
}
