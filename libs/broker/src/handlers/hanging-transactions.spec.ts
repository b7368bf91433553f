import { MoldauError } from '@moldau/kernel';
import { type AbortHangingTransactionResponse, adminService, fetchService, Isolation, type PartitionProducers } from '@moldau/protocol';
import { describe, expect, it } from 'vitest';
import { type SimSession, SimTransactions } from '../testing/fake-transactions.ts';
import { batchOf } from '../testing/sim-broker.ts';

const session: SimSession = { transactionalId: 'tx', producerId: 9, producerEpoch: 4 };

async function hanging(): Promise<{ rig: SimTransactions; topicId: string }> {
  const rig = await SimTransactions.started();
  const topicId = await rig.sim.topic('orders');
  await rig.sim.produce(topicId, [batchOf(['a', 'b'], { producerId: 3, producerEpoch: 0, baseSequence: 0 })]);
  await rig.produce(topicId, session, [['c']]);
  return { rig, topicId };
}

async function described(rig: SimTransactions, name: string): Promise<PartitionProducers | undefined> {
  const topic = { selector: { $case: 'name' as const, value: name } };
  return (await rig.sim.call(adminService.describeProducers, { partitions: [{ topic, partition: 0 }] })).results[0];
}

function abort(rig: SimTransactions, topicId: string, startOffset: number, dryRun = false): Promise<AbortHangingTransactionResponse> {
  const partition = { topic: { selector: { $case: 'topicId' as const, value: topicId } }, partition: 0 };
  return rig.sim.call(adminService.abortHangingTransaction, { partition, startOffset, dryRun });
}

async function stable(rig: SimTransactions, topicId: string): Promise<number | undefined> {
  const queries = [{ topicId, partition: 0, position: { $case: 'latest' as const, value: {} } }];
  return (await rig.sim.call(fetchService.listOffsets, { isolation: Isolation.READ_COMMITTED, queries })).results[0]?.offset;
}

describe('DescribeProducers', () => {
  it('tells the producers of a partition, with what they have open', async () => {
    const { rig, topicId } = await hanging();
    const found = await described(rig, 'orders');
    expect(found?.partition).toMatchObject({ topic: 'orders', topicId, partition: 0, error: undefined });
    expect(found?.producers).toMatchObject([
      { producerId: 3, producerEpoch: 0, lastSequence: 1, transactionStartOffset: undefined },
      { producerId: 9, producerEpoch: 4, lastSequence: 0, transactionStartOffset: 2 },
    ]);
    expect((await described(rig, 'nothing'))?.partition?.error?.reason).toBe('UNKNOWN_TOPIC');
  });
});

describe('AbortHangingTransaction', () => {
  it('ends what no coordinator has under way, once', async () => {
    const { rig, topicId } = await hanging();
    expect(await stable(rig, topicId)).toBe(2);
    expect(await abort(rig, topicId, 2, true)).toMatchObject({ producerId: 9, producerEpoch: 4 });
    expect(await stable(rig, topicId)).toBe(2);
    await abort(rig, topicId, 2);
    expect(await stable(rig, topicId)).toBe(4);
    await expect(abort(rig, topicId, 2)).rejects.toMatchObject({ reason: 'INVALID_TRANSACTION_STATE' });
    const late = await rig.produce(topicId, session, [['late']], { sequence: 1 });
    expect(late[0]?.error?.reason).toBe('FENCED_PRODUCER');
  });

  it('leaves alone what a coordinator has under way, or may have', async () => {
    const { rig, topicId } = await hanging();
    rig.coordinators.known.set(9, 'tx');
    await expect(abort(rig, topicId, 2)).rejects.toMatchObject({
      reason: 'INVALID_TRANSACTION_STATE',
      facts: expect.objectContaining({ transactional_id: 'tx' }) as object,
    });
    rig.coordinators.always = new MoldauError('COORDINATOR_LOADING', 'not yet');
    await expect(abort(rig, topicId, 2)).rejects.toMatchObject({ reason: 'COORDINATOR_LOADING' });
    expect(await stable(rig, topicId)).toBe(2);
  });

  it('refuses an offset from which no transaction is open', async () => {
    const { rig, topicId } = await hanging();
    for (const offset of [0, 1, 3])
      await expect(abort(rig, topicId, offset)).rejects.toMatchObject({ reason: 'INVALID_TRANSACTION_STATE' });
    await expect(abort(rig, topicId, -1)).rejects.toMatchObject({ reason: 'INVALID_REQUEST' });
    await expect(abort(rig, '00000000-0000-4000-8000-0000000000ff', 2)).rejects.toMatchObject({ reason: 'UNKNOWN_TOPIC' });
  });
});
