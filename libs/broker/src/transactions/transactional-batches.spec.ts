import { MoldauError } from '@moldau/kernel';
import { Acks, producerService } from '@moldau/protocol';
import { describe, expect, it } from 'vitest';
import { outcomes, type SimSession, SimTransactions, transactionalBatch } from '../testing/fake-transactions.ts';
import { batchOf, produceBatch } from '../testing/sim-broker.ts';

const session = (producerId = 9, producerEpoch = 0): SimSession => ({ transactionalId: `tx-${producerId}`, producerId, producerEpoch });
const completing = new MoldauError('CONCURRENT_TRANSACTIONS', 'the one before is being completed');

async function begun(options: { partitions?: number; replicas?: number[] } = {}): Promise<SimTransactions & { topicId: string }> {
  const rig = await SimTransactions.started();
  const topicId = await rig.sim.topic('orders', options);
  return Object.assign(rig, { topicId });
}

describe('transactional batches', () => {
  it('are appended once the coordinator has made the partition part of the transaction', async () => {
    const rig = await begun();
    rig.coordinators.silent = true;
    const producing = rig.send(rig.topicId, session(), [['a', 'b'], ['c']]);
    await rig.sim.scheduler.runFor(100);
    // Nobody waits for them.
    expect(outcomes(await rig.sim.produce(rig.topicId, [batchOf(['x'])]))).toEqual([0]);
    const behind = rig.send(rig.topicId, session(), [['d']], { sequence: 3 });
    rig.coordinators.speak();
    expect(outcomes(await rig.sim.scheduler.until(producing))).toEqual([1, 3]);
    expect(outcomes(await rig.sim.scheduler.until(behind))).toEqual([4]);
    expect(outcomes(await rig.produce(rig.topicId, session(), [['e']], { sequence: 4 }))).toEqual([5]);
    expect(rig.coordinators.asked).toEqual([
      {
        transactionalId: 'tx-9',
        session: { producerId: 9, producerEpoch: 0 },
        partitions: [{ topicId: rig.topicId, partitions: [0] }],
        groups: [],
      },
    ]);
  });

  it('ask once for all the partitions that one turn brings', async () => {
    const { sim, coordinators, topicId } = await begun({ partitions: 20 });
    const batches = Array.from({ length: 20 }, (_, partition) =>
      produceBatch(topicId, transactionalBatch(['a'], session(), 0), { batchId: partition, partition, transactionalId: 'tx-9' }),
    );
    const { results } = await sim.call(producerService.produce, { acks: Acks.ALL, batches });
    expect(new Set(outcomes(results))).toEqual(new Set([0]));
    expect(coordinators.asked.map(({ partitions }) => partitions[0]?.partitions.length)).toEqual([20]);
  });

  it('fail with what the coordinator says, those behind too, and may be sent again', async () => {
    const rig = await begun();
    rig.coordinators.next.push(new MoldauError('TRANSACTION_TOO_LARGE', 'too many'));
    expect(outcomes(await rig.produce(rig.topicId, session(), [['a'], ['b']]))).toEqual(['TRANSACTION_TOO_LARGE', 'TRANSACTION_TOO_LARGE']);
    rig.coordinators.next.push(new MoldauError('REQUEST_TIMED_OUT', 'who knows'));
    const [inDoubt] = await rig.produce(rig.topicId, session(), [['a']]);
    expect(inDoubt?.error).toMatchObject({ reason: 'COORDINATOR_NOT_AVAILABLE', certainty: 1, retriable: true });
    expect(outcomes(await rig.produce(rig.topicId, session(), [['a'], ['b']]))).toEqual([0, 1]);
  });

  it('wait while the transaction before is being completed, and for its marker', async () => {
    const rig = await begun();
    await rig.produce(rig.topicId, session(9, 0), [['a']]);
    rig.coordinators.next.push(completing, completing);
    const producing = rig.send(rig.topicId, session(9, 1), [['b'], ['c']]);
    await rig.mark(rig.topicId, [{ producerId: 9, producerEpoch: 1, outcome: 'commit' }]);
    expect(outcomes(await rig.sim.scheduler.until(producing))).toEqual([2, 3]);
    expect(rig.coordinators.asked.length).toBe(4);
  });

  it('are told of a completion that takes too long', async () => {
    const rig = await begun();
    rig.coordinators.always = completing;
    const startedMs = rig.sim.scheduler.nowMs;
    expect(outcomes(await rig.produce(rig.topicId, session(), [['a']]))).toEqual(['CONCURRENT_TRANSACTIONS']);
    expect(rig.sim.scheduler.nowMs - startedMs).toBeLessThan(1_000);
  });

  it('are asked for once, though the marker of the transaction before comes while the coordinator is asked', async () => {
    const rig = await begun();
    await rig.produce(rig.topicId, session(9, 0), [['a']]);
    rig.coordinators.silent = true;
    const producing = rig.send(rig.topicId, session(9, 1), [['b']]);
    await rig.sim.scheduler.runFor(50);
    await rig.mark(rig.topicId, [{ producerId: 9, producerEpoch: 1, outcome: 'commit' }]);
    rig.coordinators.speak();
    expect(outcomes(await rig.sim.scheduler.until(producing))).toEqual([2]);
    expect(rig.coordinators.asked.length).toBe(2);
  });

  it('are refused when their transaction is aborted while the coordinator is asked', async () => {
    const rig = await begun();
    rig.coordinators.silent = true;
    const producing = rig.send(rig.topicId, session(9, 0), [['a'], ['b']]);
    await rig.sim.scheduler.runFor(50);
    await rig.mark(rig.topicId, [{ producerId: 9, producerEpoch: 1, outcome: 'abort' }]);
    rig.coordinators.speak();
    expect(outcomes(await rig.sim.scheduler.until(producing))).toEqual(['FENCED_PRODUCER', 'FENCED_PRODUCER']);
    const [late] = await rig.produce(rig.topicId, session(9, 0), [['late']], { sequence: 2 });
    expect(late?.error?.reason).toBe('FENCED_PRODUCER');
  });

  it('are refused, not in doubt, when the leader changes before the answer', async () => {
    const rig = await begun({ replicas: [1, 2] });
    rig.coordinators.silent = true;
    const producing = rig.send(rig.topicId, session(), [['a'], ['b']]);
    await rig.sim.scheduler.runFor(50);
    rig.sim.controller.setPartition(rig.topicId, 0, 2, { leader: 2, replicas: [1, 2] });
    const results = await rig.sim.scheduler.until(producing);
    expect(outcomes(results)).toEqual(['NOT_LEADER', 'NOT_LEADER']);
    expect(results[0]?.error).toMatchObject({ certainty: 1 });
    rig.coordinators.speak();
    await rig.sim.scheduler.runFor(50);
  });

  it('are refused, not in doubt, when the coordinator does not answer in time', async () => {
    const rig = await begun();
    rig.coordinators.silent = true;
    const startedMs = rig.sim.scheduler.nowMs;
    const [result] = await rig.produce(rig.topicId, session(), [['a']], { timeoutMs: 300 });
    expect(result?.error).toMatchObject({ reason: 'COORDINATOR_NOT_AVAILABLE', certainty: 1 });
    expect(rig.sim.scheduler.nowMs - startedMs).toBeLessThan(600);
    rig.coordinators.speak();
    expect(outcomes(await rig.produce(rig.topicId, session(), [['a']]))).toEqual([0]);
  });

  it('wait five at a time', async () => {
    const rig = await begun();
    rig.coordinators.silent = true;
    const producing = rig.send(rig.topicId, session(), [['a'], ['b'], ['c'], ['d'], ['e'], ['f']]);
    await rig.sim.scheduler.runFor(50);
    rig.coordinators.speak();
    expect(outcomes(await rig.sim.scheduler.until(producing))).toEqual([0, 1, 2, 3, 4, 'TOO_MANY_UNANSWERED_BATCHES']);
  });

  it('are recognised when they come again', async () => {
    const rig = await begun();
    expect(outcomes(await rig.produce(rig.topicId, session(), [['a'], ['b']]))).toEqual([0, 1]);
    expect(outcomes(await rig.produce(rig.topicId, session(), [['a'], ['b'], ['c']]))).toEqual([0, 1, 2]);
  });

  it('name their transactional id, and no others do', async () => {
    const { sim, topicId } = await begun();
    const transactional = transactionalBatch(['a'], session(), 0);
    const produce = async (bytes: Uint8Array, transactionalId?: string): Promise<unknown[]> =>
      outcomes(await sim.produce(topicId, [bytes], { transactionalId }));
    expect(await produce(transactional)).toEqual(['INVALID_REQUEST']);
    expect(await produce(batchOf(['a']), 'tx')).toEqual(['INVALID_REQUEST']);
    expect(await produce(transactional, '')).toEqual(['INVALID_TRANSACTIONAL_ID']);
    expect(await produce(transactional, 'a b')).toEqual(['INVALID_TRANSACTIONAL_ID']);
    const keyed = batchOf(['a'], { producerId: 2 ** 52, producerEpoch: 0, baseSequence: 0, transactional: true });
    expect(await produce(keyed, 'tx')).toEqual(['INVALID_REQUEST']);
  });
});
