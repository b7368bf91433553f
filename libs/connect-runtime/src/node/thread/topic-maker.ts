import type { Admin } from '@moldau/client';

export interface TopicMakerOptions {
  readonly enabled: boolean;
  readonly partitions: number | undefined;
  readonly replicationFactor: number | undefined;
}

/** Makes the topics that a source writes to, the first time it does. */
export class TopicMaker {
  readonly #admin: Admin;
  readonly #options: TopicMakerOptions;
  readonly #seen = new Set<string>();

  constructor(admin: Admin, options: TopicMakerOptions) {
    this.#admin = admin;
    this.#options = options;
  }

  async ensure(records: readonly { readonly topic: string }[]): Promise<void> {
    let last = '';
    const fresh: string[] = [];
    for (const { topic } of records) {
      // Records of one topic come together: this is all that most of them cost.
      if (topic === last) continue;
      last = topic;
      if (this.#seen.has(topic)) continue;
      this.#seen.add(topic);
      fresh.push(topic);
    }
    if (fresh.length === 0 || !this.#options.enabled) return;
    const { partitions, replicationFactor } = this.#options;
    const topics = fresh.map((name) => ({
      name,
      ...(partitions === undefined ? {} : { partitions }),
      ...(replicationFactor === undefined ? {} : { replicationFactor }),
    }));
    for (const { error } of await this.#admin.createTopics(topics)) if (error !== undefined && error.reason !== 'TOPIC_EXISTS') throw error;
  }
}
