import { type Moldau, type Producer, serdes } from '@moldau/client';
import type { Logger } from '@moldau/kernel';
import { ActiveTopics, encodeActiveTopic, topicKey } from '../../core/active-topics.ts';
import { encodeRunStatus, type RunName, type RunStatus, runKey, StatusImage } from '../../core/run-status.ts';
import { openTail, type TopicTail } from './topic-tail.ts';

const STATUS_PARTITIONS = 5;

/** What all runs of the worker cluster do, as their workers last said. */
export class StatusLog {
  readonly image = new StatusImage();
  readonly topics = new ActiveTopics();
  readonly tail: TopicTail;
  readonly #topic: string;
  readonly #producer: Producer<string, string>;
  readonly #logger: Logger;

  constructor(moldau: Moldau, topic: string, logger: Logger) {
    this.#topic = topic;
    this.#logger = logger;
    this.#producer = moldau.producer({ keySerializer: serdes.string, valueSerializer: serdes.string });
    this.tail = openTail(moldau, topic, STATUS_PARTITIONS, ({ key, value }) => this.#apply(key ?? '', value));
  }

  /** Says it; known here at once. */
  tell(name: RunName, status: RunStatus): void {
    this.#send(runKey(name), encodeRunStatus(status));
  }

  /** Topics that a task's records went through. */
  tellTopics({ connector, task }: RunName, topics: readonly string[], nowMs: number): void {
    for (const topic of topics) {
      if (!this.topics.has(connector, topic)) this.#send(topicKey(connector, topic), encodeActiveTopic(connector, task ?? 0, nowMs));
    }
  }

  /** Forgets a connector that was deleted, tasks that it has no more, or its topics. */
  forget(keys: readonly string[]): void {
    for (const key of keys) this.#send(key, null);
  }

  async close(): Promise<void> {
    await this.#producer.close({ timeoutMs: 5_000 });
    await this.tail.close();
  }

  #send(key: string, value: string | null): void {
    this.#apply(key, value);
    this.#producer
      .send({ topic: this.#topic, key, value })
      .catch((error: unknown) => this.#logger.warn('a status could not be written', { key, error }));
  }

  #apply(key: string, value: string | null): void {
    this.image.apply(key, value);
    this.topics.apply(key, value);
  }
}
