import type { Consumer, Moldau } from '@moldau/client';
import { GlobalTables, memoryStores, type Topology } from '@moldau/streams';

type Isolation = 'read_committed' | 'read_uncommitted';

/** The global tables of an instance, read to their ends before tasks start and followed from then on. */
export class GlobalFeed {
  readonly tables: GlobalTables;
  #consumer: Consumer | undefined;

  constructor(topology: Topology) {
    this.tables = new GlobalTables(topology.globals, memoryStores);
  }

  /** Resolves when all that was there has been read. `failed`: the tables can't be followed any more. */
  async start(moldau: Moldau, isolation: Isolation, failed: (thrown: unknown) => void): Promise<void> {
    const { topics } = this.tables;
    if (topics.length === 0) return;
    const next = new Map<string, { readonly topic: string; readonly partition: number; readonly from: { readonly offset: number } }>();
    const filling = moldau.consumer({ assignment: topics.map((topic) => ({ topic })), isolation, stopAtEnd: true });
    for await (const batch of filling.batches()) {
      for (const record of batch) this.tables.process(record);
      const { topic, partition } = batch;
      next.set(`${topic}/${partition}`, { topic, partition, from: { offset: batch.lastOffset + 1 } });
    }
    const all = filling.assignment().map((each) => next.get(`${each.topic}/${each.partition}`) ?? { ...each, from: 'earliest' as const });
    await filling.close();
    const consumer = moldau.consumer({ assignment: all, isolation });
    this.#consumer = consumer;
    void this.#follow(consumer).catch(failed);
  }

  async close(): Promise<void> {
    await this.#consumer?.close();
    this.tables.close();
  }

  async #follow(consumer: Consumer): Promise<void> {
    for await (const batch of consumer.batches()) for (const record of batch) this.tables.process(record);
  }
}
