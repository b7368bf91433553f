import { MoldauError } from '@moldau/kernel';
import { describe, expect, it } from 'vitest';
import type { FakeTopic } from '../../testing/fake-cluster.ts';
import { type Simulation, simulate } from '../../testing/simulation.contract.ts';
import { failure, scripted, TEXT } from '../../testing/text-producer.contract.ts';
import type { Moldau } from '../moldau.ts';
import type { TransactionalProducerOptions } from './transaction-types.ts';
import type { TransactionalProducer } from './transactional-producer.ts';

type Text = TransactionalProducer<string, string>;

interface Setup extends Simulation {
  readonly moldau: Moldau;
  readonly topic: FakeTopic;
  readonly producer: Text;
  make(options?: Partial<TransactionalProducerOptions<string, string>>): Text;
  committed(): string[];
}

function setUp(brokers = 1, options: Partial<TransactionalProducerOptions<string, string>> = {}): Setup {
  const simulation = simulate({ brokers });
  const moldau = simulation.connect();
  const topic = simulation.cluster.createTopic('orders', 3);
  const make: Setup['make'] = (others = {}) => moldau.transactionalProducer({ transactionalId: 'tx', ...TEXT, ...options, ...others });
  const committed = (): string[] => topic.partitions.flatMap((partition) => partition.committedValues()).sort();
  return { ...simulation, moldau, topic, producer: make(), make, committed };
}

const to = (value: string, partition?: number) => ({
  topic: 'orders',
  key: value,
  value,
  ...(partition === undefined ? {} : { partition }),
});

describe('a transaction', () => {
  it('counts as a whole, with its offsets, over several partitions', async () => {
    const { producer, scheduler, cluster, committed, topic } = setUp(2);
    const answer = await scheduler.until(
      producer.transaction(async (tx) => {
        for (const value of ['a', 'b', 'c']) void tx.send(to(value));
        await tx.commitOffsets('readers', [{ topic: 'orders', partition: 1, offset: 7 }]);
        expect(committed()).toEqual([]);
        return 42;
      }),
    );
    expect(answer).toBe(42);
    expect(committed()).toEqual(['a', 'b', 'c']);
    expect([...cluster.transactions.groupOffsets]).toEqual([[`readers/${topic.topicId}/1`, 7]]);
  });

  it('has an epoch of its own, and asks for a session once', async () => {
    const { producer, scheduler, cluster, committed } = setUp();
    for (let index = 0; index < 50; index++) {
      await scheduler.until(producer.transaction((tx) => void tx.send(to(`v${String(index).padStart(2, '0')}`, index % 3))));
    }
    expect(committed()).toHaveLength(50);
    expect(cluster.transactions.calls).toEqual({ begin: 1, offsets: 0, end: 50 });
  });

  it('of nothing asks the server nothing', async () => {
    const { producer, scheduler, cluster } = setUp();
    await scheduler.until(producer.transaction(() => undefined));
    const tx = await scheduler.until(producer.begin());
    await scheduler.until(tx.abort());
    expect(cluster.transactions.calls.end).toBe(0);
  });

  it('that throws is aborted, and the next one counts', async () => {
    const { producer, scheduler, committed } = setUp();
    const failed = producer.transaction(async (tx) => {
      await tx.send(to('lost'));
      void tx.send(to('lost too'));
      throw new Error('no');
    });
    expect(await scheduler.until(failed.catch((error: unknown) => (error as Error).message))).toBe('no');
    await scheduler.until(producer.transaction((tx) => void tx.send(to('kept'))));
    expect(committed()).toEqual(['kept']);
  });

  it('fails with its first record, and says why', async () => {
    const { producer, scheduler, committed, cluster } = setUp();
    const tx = await scheduler.until(producer.begin());
    const sent = [tx.send(to('a')), tx.send(to('x'.repeat(2_000_000))), tx.send(to('b'))];
    expect(await scheduler.until(failure(sent[1]!))).toMatchObject({ reason: 'RECORD_TOO_LARGE' });
    const refused = await scheduler.until(failure(tx.commit()));
    expect(refused).toMatchObject({ reason: 'TRANSACTION_ABORTED', cause: { reason: 'RECORD_TOO_LARGE' } });
    expect(await failure(tx.send(to('c')))).toMatchObject({ reason: 'TRANSACTION_ABORTED' });
    expect(await failure(producer.begin())).toMatchObject({ reason: 'INVALID_TRANSACTION_STATE' });
    await scheduler.until(tx.abort());
    await scheduler.until(Promise.allSettled(sent));
    expect(cluster.transactions.calls.end).toBeLessThanOrEqual(1);
    await scheduler.until(producer.transaction((next) => void next.send(to('kept'))));
    expect(committed()).toEqual(['kept']);
  });

  it('is over when it is over', async () => {
    const { producer, scheduler } = setUp();
    const tx = await scheduler.until(producer.begin());
    void tx.send(to('a'));
    await scheduler.until(tx.commit());
    expect(await failure(tx.send(to('late')))).toMatchObject({ reason: 'INVALID_TRANSACTION_STATE' });
    expect(await failure(tx.commit())).toMatchObject({ reason: 'INVALID_TRANSACTION_STATE' });
    expect(await failure(tx.abort())).toMatchObject({ reason: 'INVALID_TRANSACTION_STATE' });
    expect(await failure(tx.commitOffsets('g', [{ topic: 'orders', partition: 0, offset: 1 }]))).toMatchObject({
      reason: 'INVALID_TRANSACTION_STATE',
    });
  });

  it('waits for the one before to be completed', async () => {
    const { producer, scheduler, cluster, committed } = setUp();
    cluster.transactions.completionMs = 30;
    for (const value of ['a', 'b', 'c', 'd']) {
      await scheduler.until(producer.transaction((tx) => void tx.send(to(value, 0))));
    }
    await scheduler.runFor(100);
    expect(committed()).toEqual(['a', 'b', 'c', 'd']);
  });

  it('fails with offsets that the group refuses', async () => {
    const { producer, scheduler, cluster, committed } = setUp();
    cluster.transactions.refuseOffsets = () => scripted('FENCED_MEMBER_EPOCH');
    const member = { groupId: 'g', memberId: 'm', memberEpoch: 3 };
    const failed = producer.transaction((tx) => {
      void tx.send(to('a'));
      void tx.commitOffsets(member, [{ topic: 'orders', partition: 0, offset: 1 }]);
    });
    expect(await scheduler.until(failure(failed))).toMatchObject({
      reason: 'TRANSACTION_ABORTED',
      cause: { reason: 'FENCED_MEMBER_EPOCH' },
    });
    cluster.transactions.refuseOffsets = ({ member: who }) => (who?.memberEpoch === 4 ? undefined : scripted('FENCED_MEMBER_EPOCH'));
    const group = { groupIdentity: () => ({ ...member, memberEpoch: 4 }) };
    await scheduler.until(producer.transaction((tx) => tx.commitOffsets(group, [{ topic: 'orders', partition: 0, offset: 2 }])));
    expect([...cluster.transactions.groupOffsets.values()]).toEqual([2]);
    expect(committed()).toEqual([]);
  });
});

describe('who else has the transactional id', () => {
  it('fences for ever, from everything', async () => {
    const { producer, make, scheduler, committed } = setUp();
    const old = await scheduler.until(producer.begin());
    await scheduler.until(old.send(to('old')));
    const successor = make();
    const next = await scheduler.until(successor.begin());
    void next.send(to('new'));
    expect(await scheduler.until(failure(old.send(to('zombie'))))).toMatchObject({ reason: 'FENCED_PRODUCER' });
    expect(await scheduler.until(failure(old.abort()))).toMatchObject({ reason: 'FENCED_PRODUCER' });
    expect(await failure(producer.begin())).toMatchObject({ reason: 'FENCED_PRODUCER' });
    await scheduler.until(next.commit());
    expect(committed()).toEqual(['new']);
  });

  it('is told from a timeout when a record was refused first', async () => {
    const { producer, make, scheduler, cluster, committed } = setUp();
    const late = await scheduler.until(producer.begin());
    await scheduler.until(late.send(to('late', 0)));
    cluster.transactions.timeOut('tx');
    // The marker of the abort has the next epoch.
    cluster.faults.produce = () => ({ t: 'refuse', error: scripted('FENCED_PRODUCER') });
    expect(await scheduler.until(failure(late.send(to('later', 0))))).toMatchObject({ reason: 'FENCED_PRODUCER' });
    delete cluster.faults.produce;
    expect(await scheduler.until(failure(late.commit()))).toMatchObject({ reason: 'TRANSACTION_ABORTED' });
    await scheduler.until(late.abort());
    const old = await scheduler.until(producer.begin());
    await scheduler.until(old.send(to('old', 0)));
    await scheduler.until(make().begin());
    expect(await scheduler.until(failure(old.send(to('older', 0))))).toMatchObject({ reason: 'FENCED_PRODUCER' });
    expect(await scheduler.until(failure(old.commit()))).toMatchObject({ reason: 'FENCED_PRODUCER', certainty: 'definite' });
    expect(await failure(producer.begin())).toMatchObject({ reason: 'FENCED_PRODUCER' });
    expect(committed()).toEqual([]);
  });

  it('fences a commit', async () => {
    const { producer, make, scheduler, committed } = setUp();
    const old = await scheduler.until(producer.begin());
    await scheduler.until(old.send(to('old')));
    await scheduler.until(make().begin());
    expect(await scheduler.until(failure(old.commit()))).toMatchObject({ reason: 'FENCED_PRODUCER', certainty: 'definite' });
    expect(committed()).toEqual([]);
  });
});

describe('an end', () => {
  it('after the timeout is refused, and the producer goes on', async () => {
    const { producer, scheduler, cluster, committed } = setUp();
    const tx = await scheduler.until(producer.begin());
    await scheduler.until(tx.send(to('late')));
    cluster.transactions.timeOut('tx');
    expect(await scheduler.until(failure(tx.commit()))).toMatchObject({ reason: 'TRANSACTION_ABORTED' });
    await scheduler.until(tx.abort());
    await scheduler.until(producer.transaction((next) => void next.send(to('kept'))));
    expect(committed()).toEqual(['kept']);
  });

  it('whose answers are lost is asked for again until one comes', async () => {
    const { producer, scheduler, cluster, committed } = setUp();
    let lost = 3;
    cluster.transactions.fault = (call) => {
      if (call !== 'end' || lost === 0) return undefined;
      lost -= 1;
      return { carriedOut: lost === 1, error: new MoldauError('REQUEST_TIMED_OUT', 'scripted') };
    };
    await scheduler.until(producer.transaction((tx) => void tx.send(to('a'))));
    await scheduler.until(producer.transaction((tx) => void tx.send(to('b'))));
    expect(committed()).toEqual(['a', 'b']);
  });

  it.each([true, false])('that nobody answers is unknown until somebody does (carried out: %s)', async (carriedOut) => {
    const { producer, scheduler, cluster, committed } = setUp(1, { maxBlockMs: 2_000 });
    cluster.transactions.fault = (call) =>
      call === 'end' ? { carriedOut, error: new MoldauError('REQUEST_TIMED_OUT', 'scripted') } : undefined;
    const unknown = await scheduler.until(failure(producer.transaction((tx) => void tx.send(to('a')))));
    expect(unknown).toMatchObject({ reason: 'TRANSACTION_OUTCOME_UNKNOWN', certainty: 'indefinite' });
    expect(await failure(producer.begin())).toMatchObject({ reason: 'INVALID_TRANSACTION_STATE' });
    cluster.transactions.fault = undefined;
    expect(await scheduler.until(producer.settle())).toBe('committed');
    await scheduler.until(producer.transaction((tx) => void tx.send(to('b'))));
    expect(committed()).toEqual(['a', 'b']);
  });

  it('whose outcome is unknown may be aborted, unless it is committed', async () => {
    for (const carriedOut of [true, false]) {
      const { producer, scheduler, cluster, committed } = setUp(1, { maxBlockMs: 2_000 });
      const { transactions } = cluster;
      transactions.fault = (call) => (call === 'end' ? { carriedOut, error: new MoldauError('REQUEST_TIMED_OUT', 'scripted') } : undefined);
      const tx = await scheduler.until(producer.begin());
      void tx.send(to('a'));
      await scheduler.until(failure(tx.commit()));
      transactions.fault = undefined;
      if (carriedOut) expect(await scheduler.until(failure(tx.abort()))).toMatchObject({ reason: 'INVALID_TRANSACTION_STATE' });
      else await scheduler.until(tx.abort());
      await scheduler.until(producer.transaction((next) => void next.send(to('b'))));
      expect(committed()).toEqual(carriedOut ? ['a', 'b'] : ['b']);
    }
  });

  it('that is fenced after a lost answer is unknown', async () => {
    const { producer, make, scheduler, cluster } = setUp(1, { maxBlockMs: 2_000 });
    const tx = await scheduler.until(producer.begin());
    void tx.send(to('a'));
    cluster.transactions.fault = (call) =>
      call === 'end' ? { carriedOut: true, error: new MoldauError('REQUEST_TIMED_OUT', 'scripted') } : undefined;
    await scheduler.until(failure(tx.commit()));
    await scheduler.until(make().begin());
    cluster.transactions.fault = undefined;
    const unknown = await scheduler.until(failure(tx.commit()));
    expect(unknown).toMatchObject({ reason: 'TRANSACTION_OUTCOME_UNKNOWN', cause: { reason: 'FENCED_PRODUCER' } });
  });

  it('that no server takes may be tried again; an abort leaves a session to ask for', async () => {
    const { producer, scheduler, cluster, committed } = setUp(1, { maxBlockMs: 1_000 });
    const tx = await scheduler.until(producer.begin());
    void tx.send(to('a'));
    cluster.transactions.fault = () => ({ carriedOut: false, error: scripted('COORDINATOR_NOT_AVAILABLE') });
    expect(await scheduler.until(failure(tx.commit()))).toMatchObject({ reason: 'COORDINATOR_NOT_AVAILABLE', certainty: 'definite' });
    cluster.transactions.fault = undefined;
    await scheduler.until(tx.commit());
    const second = await scheduler.until(producer.begin());
    await scheduler.until(second.send(to('no')));
    cluster.transactions.fault = () => ({ carriedOut: false, error: scripted('COORDINATOR_NOT_AVAILABLE') });
    expect(await scheduler.until(failure(second.abort()))).toMatchObject({ reason: 'COORDINATOR_NOT_AVAILABLE' });
    cluster.transactions.fault = undefined;
    await scheduler.until(producer.transaction((next) => void next.send(to('b'))));
    expect(committed()).toEqual(['a', 'b']);
  });
});

describe('closing', () => {
  it('aborts what is open, and leaves nothing running', async () => {
    const { producer, scheduler, cluster, moldau, committed } = setUp();
    const tx = await scheduler.until(producer.begin());
    await scheduler.until(tx.send(to('a')));
    await scheduler.until(moldau.close());
    expect(cluster.transactions.stateOf('tx')).toBe('complete');
    expect(committed()).toEqual([]);
    expect(await failure(tx.send(to('b')))).toMatchObject({ reason: 'CLIENT_CLOSED' });
    const closedAt = scheduler.nowMs;
    await scheduler.idle();
    expect(scheduler.nowMs - closedAt).toBeLessThan(1000);
  });

  it('waits for a commit that is under way', async () => {
    const { producer, scheduler, committed } = setUp();
    const tx = await scheduler.until(producer.begin());
    void tx.send(to('a'));
    await scheduler.until(Promise.all([tx.commit(), producer.close()]));
    expect(committed()).toEqual(['a']);
  });

  it('refuses options outside their limits', () => {
    const { make } = setUp();
    expect(() => make({ transactionalId: 'a b' })).toThrow(/transactional id/);
    expect(() => make({ timeoutMs: 900_001 })).toThrow(/timeoutMs/);
  });
});
