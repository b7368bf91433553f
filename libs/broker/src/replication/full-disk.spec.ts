import { Acks, producerService } from '@moldau/protocol';
import { describe, expect, it } from 'vitest';
import { batchOf, produceBatch } from '../testing/sim-broker.ts';
import { SimCluster } from '../testing/sim-cluster.ts';

describe('a leader whose disk is full for a moment', () => {
  it('drops what it could not write, and takes followers for in sync that have all that is left', async () => {
    const cluster = await SimCluster.started();
    const topicId = await cluster.topic();
    const { disk } = cluster.broker(1);
    const { call, messages } = cluster.broker(1).open(producerService.produceStream);
    call.send({ frame: { $case: 'configuration', value: { acks: Acks.ALL, timeoutMs: undefined } } });
    const append = (value: string, batchId: number): void => {
      call.send({ frame: { $case: 'append', value: { batches: [produceBatch(topicId, batchOf([value]), { batchId })] } } });
    };
    // The second batch is in the log, and in memory only, while the first one is flushed: the leader has told its end.
    const flushes = disk.hold('sync');
    append('a', 0);
    await cluster.runFor(20);
    const writes = disk.hold('write');
    append('b', 1);
    await cluster.runFor(20);
    disk.faults.inject({ operation: 'write', kind: 'no-space', path: '.log' });
    flushes.release();
    await cluster.runFor(20);
    writes.release();
    await cluster.runFor(100);
    const results = messages.flatMap(({ frame }) => (frame?.$case === 'results' ? frame.value.results : []));
    expect(results.map(({ error }) => error?.reason)).toEqual([undefined, 'DISK_FULL']);
    await cluster.runFor(60_000);
    expect(cluster.isrOf(topicId)).toEqual([1, 2, 3]);
  });
});
