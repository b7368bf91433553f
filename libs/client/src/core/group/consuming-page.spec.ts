import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { appendKeyed, setUpGroup } from '../../testing/text-group.contract.ts';
import type { Moldau } from '../moldau.ts';
import { serdes } from '../serdes.ts';

const PAGE = join(import.meta.dirname, '../../../../../docs/consuming.md');
const SOURCE = join(import.meta.dirname, 'consuming-page.spec.ts');

type Invoice = (order: string | null, key?: string | null) => Promise<void>;

// example: loop
async function billInALoop(moldau: Moldau, invoice: Invoice): Promise<void> {
  await using consumer = moldau.consumer({ group: 'billing', topics: ['orders'], valueDeserializer: serdes.string });
  for await (const record of consumer) await invoice(record.value);
}
// end

// example: run
async function billManyAtATime(moldau: Moldau, invoice: Invoice, signal: AbortSignal): Promise<void> {
  const consumer = moldau.consumer({
    group: 'billing',
    topics: ['orders'],
    keyDeserializer: serdes.string,
    valueDeserializer: serdes.string,
    signal,
  });
  await consumer.run((record) => invoice(record.value, record.key), {
    concurrency: 16,
    ordering: 'key',
    retries: 3,
    deadLetterTopic: 'orders.failed',
  });
}
// end

// example: by-hand
async function countByHand(moldau: Moldau, store: (counts: ReadonlyMap<number, number>) => Promise<void>): Promise<void> {
  const counts = new Map<number, number>();
  await using consumer = moldau.consumer({
    group: 'counting',
    topics: ['orders'],
    autoCommit: false,
    async onRevoked() {
      await store(counts);
      await consumer.commit();
    },
  });
  for await (const batch of consumer.batches()) {
    counts.set(batch.partition, (counts.get(batch.partition) ?? 0) + batch.count);
    await store(counts);
    await consumer.commit([{ topic: batch.topic, partition: batch.partition, offset: batch.lastOffset + 1 }]);
  }
}
// end

describe('docs/consuming.md', () => {
  it('shows the examples that are compiled and run here', () => {
    const page = readFileSync(PAGE, 'utf8');
    const examples = [...readFileSync(SOURCE, 'utf8').matchAll(/^\/\/ example: (\S+)\n(.*?)^\/\/ end$/gms)];
    expect(examples.map(([, name]) => name)).toEqual(['loop', 'run', 'by-hand']);
    for (const [, name = '', code = ''] of examples) expect(page, name).toContain(`\`\`\`ts\n${code}\`\`\``);
  });

  it('has examples that do what it says', async () => {
    const { cluster, scheduler, moldau } = setUpGroup();
    const topic = cluster.createTopic('orders');
    cluster.createTopic('orders.failed');
    appendKeyed(topic.partitions[0], ['a', 'b', 'c']);
    const billed: string[] = [];
    const invoice: Invoice = async (order, key) => {
      if (key === 'b') throw new Error('no address');
      billed.push(order ?? '');
    };
    const stop = new AbortController();
    const many = billManyAtATime(moldau, invoice, stop.signal);
    await scheduler.runFor(5_000);
    stop.abort();
    await scheduler.until(many);
    expect(billed.sort()).toEqual(['a@0', 'c@2']);
    expect(cluster.topics.get('orders.failed')?.partitions[0]?.values()).toEqual(['b@1']);
    appendKeyed(topic.partitions[0], ['d']);
    const loop = billInALoop(moldau, invoice);
    const stored: number[] = [];
    const counting = countByHand(moldau, async (counts) => void stored.push(counts.get(0) ?? 0));
    await scheduler.runFor(2_000);
    expect(billed).toContain('d@3');
    expect(stored.at(-1)).toBe(4);
    await scheduler.until(Promise.all([moldau.close(), loop, counting]));
    expect([...cluster.group('counting').committed.values()].map(({ offset }) => offset)).toEqual([4]);
  });
});
