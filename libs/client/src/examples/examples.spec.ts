import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fill } from '../testing/text-consumer.contract.ts';
import { setUpGroup } from '../testing/text-group.contract.ts';
import { countOrders, invoice, transfer, transferByHand } from './transactions.ts';

const PAGES = new URL('../../docs/', import.meta.url);
const SOURCES = new URL('./', import.meta.url);

/** The marked parts of the compiled examples, without their indentation. */
function examples(): string[] {
  return readdirSync(SOURCES)
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.spec.ts'))
    .flatMap((name) =>
      readFileSync(new URL(name, SOURCES), 'utf8')
        .split(/^ *\/\/ example: .*\n/m)
        .slice(1),
    )
    .map((part) => (part.split(/^ *\/\/ end\n/m)[0] ?? '').replaceAll(/^ {2}/gm, ''));
}

describe('the examples of the pages', () => {
  it('are those that are compiled', () => {
    const known = examples();
    for (const name of readdirSync(PAGES)) {
      const page = readFileSync(new URL(name, PAGES), 'utf8');
      for (const [, block = ''] of page.matchAll(/^```ts\n([\s\S]*?)^```$/gm)) expect(known, name).toContain(block);
    }
  });

  it('of transactions do what they say', async () => {
    const { cluster, moldau, scheduler } = setUpGroup();
    cluster.transactions.commitToGroups();
    const [ledger, orders, invoices, counts] = ['ledger', 'orders', 'invoices', 'counts'].map((name) => cluster.createTopic(name));
    await scheduler.until(transfer(moldau, 'a', 'b', 5));
    expect(await scheduler.until(transferByHand(moldau, [{ account: 'c', cents: 1 }]))).toBe('committed');
    expect(ledger?.partitions[0]?.committedValues()).toEqual([
      '{"account":"a","cents":-5}',
      '{"account":"b","cents":5}',
      '{"account":"c","cents":1}',
    ]);
    const producer = moldau.producer();
    await scheduler.until(producer.send({ topic: 'orders', value: Buffer.from('{"customer":"d","cents":7}') }));
    const closing = new AbortController();
    const invoiced = invoice(moldau, closing.signal);
    await scheduler.runFor(2_000);
    closing.abort();
    await scheduler.until(invoiced);
    expect(invoices?.partitions[0]?.committedValues()).toEqual(['d owes 7']);
    fill(orders?.partitions[0], 10);
    await scheduler.until(countOrders(moldau, 2));
    expect(counts?.partitions[0]?.committedValues()).toEqual(['1 of orders-0', '10 of orders-0']);
  });
});
