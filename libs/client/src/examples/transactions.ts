import { type Moldau, MoldauError, serdes } from '../index.ts';

interface Entry {
  readonly account: string;
  readonly cents: number;
}

/** Two records that count together. */
export async function transfer(moldau: Moldau, from: string, to: string, cents: number): Promise<void> {
  // example: whole
  await using producer = moldau.transactionalProducer({
    transactionalId: 'transfers-1',
    keySerializer: serdes.string,
    valueSerializer: serdes.json<Entry>(),
  });
  await producer.transaction((tx) => {
    void tx.send({ topic: 'ledger', key: from, value: { account: from, cents: -cents } });
    void tx.send({ topic: 'ledger', key: to, value: { account: to, cents } });
  });
  // end
}

/** The same by hand. */
export async function transferByHand(moldau: Moldau, entries: readonly Entry[]): Promise<'committed' | 'aborted'> {
  const producer = moldau.transactionalProducer({ transactionalId: 'transfers-2', valueSerializer: serdes.json<Entry>() });
  // example: by hand
  const tx = await producer.begin();
  for (const entry of entries) void tx.send({ topic: 'ledger', value: entry });
  try {
    await tx.commit();
  } catch (error) {
    switch (MoldauError.from(error).reason) {
      case 'TRANSACTION_ABORTED':
        await tx.abort(); // its cause says why; another transaction may follow
        return 'aborted';
      case 'TRANSACTION_OUTCOME_UNKNOWN':
        return (await producer.settle()) ?? 'aborted'; // ask again: all of it counts, or nothing
      default:
        throw error; // FENCED_PRODUCER: somebody else has the id, this producer is of no more use
    }
  }
  return 'committed';
  // end
}

interface Order {
  readonly customer: string;
  readonly cents: number;
}

/** Each order makes one invoice, whatever fails. */
export async function invoice(moldau: Moldau, signal: AbortSignal): Promise<void> {
  // example: transform
  await using transform = moldau.transform<string, Order, string, string>({
    group: 'billing',
    from: 'orders',
    to: 'invoices',
    transactionalId: 'billing-1',
    transform: ({ value: order }) => (order === null ? null : { key: order.customer, value: `${order.customer} owes ${order.cents}` }),
    source: { keyDeserializer: serdes.string, valueDeserializer: serdes.json<Order>() },
    sink: { keySerializer: serdes.string, valueSerializer: serdes.string },
  });
  signal.addEventListener('abort', () => void transform.close());
  await transform.finished;
  // end
}

/** Offsets of a group's member in a transaction of one's own. */
export async function countOrders(moldau: Moldau, rounds: number): Promise<void> {
  // example: offsets
  await using consumer = moldau.consumer({ group: 'counting', topics: ['orders'], isolation: 'read_committed', autoCommit: false });
  await using producer = moldau.transactionalProducer({ transactionalId: 'counting-1', valueSerializer: serdes.string });
  let left = rounds;
  for await (const { topic, partition, count, lastOffset } of consumer.batches()) {
    await producer.transaction(async (tx) => {
      void tx.send({ topic: 'counts', value: `${count} of ${topic}-${partition}` });
      await tx.commitOffsets(consumer, [{ topic, partition, offset: lastOffset + 1 }]);
    });
    left -= 1;
    if (left === 0) break;
  }
  // end
}
