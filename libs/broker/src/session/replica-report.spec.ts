import { EMPTY_IMAGE } from '@moldau/cluster';
import { brokerId, MoldauError, type Offset, type PartitionIndex, type TopicId } from '@moldau/kernel';
import { RegisterBroker, type ReportedReplica } from '@moldau/protocol';
import { SimDisk, SimScheduler } from '@moldau/testkit';
import { describe, expect, it } from 'vitest';
import { SimCluster } from '../testing/sim-cluster.ts';
import { replicaReport } from './replica-report.ts';

/** The largest message between services. */
const MESSAGE_BYTES_MAX = 64 * 1024 * 1024;

/** What the broker said of this topic when it registered last; undefined: nothing. */
function lastReport(cluster: SimCluster, id: number, topicId: string): readonly ReportedReplica[] | undefined {
  const registration = cluster.controller.registrations.findLast(({ brokerId: registered }) => registered === id);
  return registration?.replicas?.topics.find((topic) => topic.topicId === topicId)?.replicas;
}

/** The machine of this disk has been started. */
async function boot(cluster: SimCluster, id: number): Promise<void> {
  const { disk, scheduler } = cluster.broker(id);
  const made = async (): Promise<void> => {
    await disk.makeDirectory('/proc/sys/kernel/random');
    const file = await disk.open('/proc/sys/kernel/random/boot_id', 'create');
    await file.write([Buffer.from('a boot\n')], 0);
    await file.close();
  };
  await scheduler.until(made());
}

async function written(flush: 'sync' | 'async' = 'sync'): Promise<{ cluster: SimCluster; topicId: string }> {
  const cluster = await SimCluster.started();
  const topicId = await cluster.topic({ flush, configs: { flush } });
  for (const value of ['a', 'b']) await cluster.produce(1, topicId, [value]);
  await cluster.runFor(3_000);
  return { cluster, topicId };
}

describe('a broker that registers', () => {
  it('says where its logs end where the stop may have cost what was written, and only with that registration', async () => {
    const { cluster, topicId } = await written();
    cluster.kill(2);
    await cluster.restart(2);
    expect(lastReport(cluster, 2, topicId)).toMatchObject([{ partition: 0, lastEpoch: 1, endOffset: 2, cut: false, damaged: false }]);
    cluster.controller.breakSessions(new MoldauError('SESSION_EXPIRED', 'again', {}));
    await cluster.runFor(3_000);
    expect(lastReport(cluster, 2, topicId)).toBeUndefined();
  });

  it('says nothing after a clean stop', async () => {
    const { cluster, topicId } = await written('async');
    const { broker, scheduler } = cluster.broker(2);
    await scheduler.until(broker.shutdown());
    cluster.kill(2);
    await cluster.restart(2);
    expect(lastReport(cluster, 2, topicId)).toBeUndefined();
  });

  it('says nothing after a kill of its process on a machine that ran on', async () => {
    const { cluster, topicId } = await written('async');
    cluster.kill(2);
    await cluster.restart(2);
    await boot(cluster, 2);
    cluster.kill(2);
    await cluster.restart(2);
    expect(lastReport(cluster, 2, topicId)).toHaveLength(1);
    cluster.kill(2);
    await cluster.restart(2);
    expect(lastReport(cluster, 2, topicId)).toBeUndefined();
  });

  it('names a log that is newer than its record, as after a backup of the metadata was restored, and does not lead it', async () => {
    const cluster = await SimCluster.started();
    const topicId = await cluster.topic();
    cluster.controller.partitions.elect(topicId, 2, [1, 2, 3]);
    cluster.controller.partitions.elect(topicId, 1, [1, 2, 3]);
    await cluster.runFor(200);
    const { leaderEpoch } = cluster.controller.partitions.record(topicId);
    expect((await cluster.produce(1, topicId, ['a'])).error).toBeUndefined();
    await cluster.runFor(200);
    const { broker, scheduler } = cluster.broker(1);
    await scheduler.until(broker.shutdown());
    cluster.kill(1);
    cluster.controller.partitions.change(topicId, { leaderEpoch: leaderEpoch - 1, leader: 2 });
    await cluster.restart(1);
    expect(lastReport(cluster, 1, topicId)).toMatchObject([{ partition: 0, lastEpoch: leaderEpoch, endOffset: 1, cut: false }]);
    const leaderBrokerEpoch = cluster.controller.brokerEpoch(1);
    cluster.controller.partitions.change(topicId, { leader: 1, leaderBrokerEpoch, leaderEpoch: leaderEpoch - 1 });
    await cluster.runFor(200);
    expect((await cluster.produce(1, topicId, ['b'])).error?.reason).toBe('NOT_LEADER');
    expect(cluster.broker(1).meter.value('moldau_replication_alarms_total', 'staleRecord')).toBeGreaterThan(0);
    cluster.controller.partitions.elect(topicId, 1, [1, 2, 3]);
    await cluster.runFor(200);
    expect((await cluster.produce(1, topicId, ['b'])).error).toBeUndefined();
  });

  it('names a damaged log, and one that recovery has cut', async () => {
    const { cluster, topicId } = await written();
    cluster.kill(2);
    cluster.kill(3);
    const damaged = cluster.broker(2).disk.kill();
    const log = damaged.paths().find((path) => path.includes(topicId) && path.endsWith('.log')) ?? '';
    damaged.corrupt(log, 30, 0xff);
    await cluster.restart(2, damaged);
    expect(lastReport(cluster, 2, topicId)).toMatchObject([{ partition: 0, damaged: true }]);
    const torn = cluster.broker(3).disk.kill();
    const path = torn.paths().find((each) => each.includes(topicId) && each.endsWith('.log')) ?? '';
    const size = torn.contents(path).length;
    await cluster.broker(1).scheduler.until(
      torn.open(path, 'write').then(async (file) => {
        await file.write([Buffer.alloc(100, 7)], size);
        await file.close();
      }),
    );
    await cluster.restart(3, torn);
    expect(lastReport(cluster, 3, topicId)).toMatchObject([{ partition: 0, endOffset: 2, cut: true, damaged: false }]);
  });

  it('names what the metadata gives it and its directory has not: a log that was removed, or never made', async () => {
    const { cluster, topicId } = await written();
    const { broker, disk, scheduler } = cluster.broker(2);
    await scheduler.until(broker.shutdown());
    cluster.kill(2);
    const left = disk.kill();
    const removed = async (): Promise<void> => {
      await left.removeTree(`/data/topics/${topicId}`);
      for (const path of left.paths()) if (path.includes('high-watermarks') || path.includes('clean')) await left.removeFile(path);
    };
    await scheduler.until(removed());
    await cluster.restart(2, left);
    expect(lastReport(cluster, 2, topicId)).toMatchObject([{ partition: 0, lastEpoch: -1, endOffset: 0, cut: true, damaged: false }]);
  });

  it('says nothing of a directory without partitions', async () => {
    const cluster = await SimCluster.started();
    cluster.kill(2);
    await cluster.restart(2, new SimDisk({ scheduler: cluster.broker(1).scheduler }));
    expect(cluster.controller.registrations.at(-1)?.replicas).toBeUndefined();
  });
});

describe('the largest report', () => {
  it('fits a message many times', async () => {
    const logs = Array.from({ length: 100_000 }, (_, at) => ({
      topicId: `00000000-0000-4000-8000-${String(at).padStart(12, '0')}` as TopicId,
      index: 9_999 as PartitionIndex,
      lastEpoch: 2 ** 31 - 1,
      endOffset: (2 ** 53 - 1) as Offset,
      cut: true,
      damaged: false,
    }));
    const scheduler = new SimScheduler();
    const found = { brokerId: brokerId(1), image: EMPTY_IMAGE, stop: { keptWritten: false, logs } };
    const replicas = await scheduler.until(replicaReport(found, scheduler));
    expect(replicas?.topics).toHaveLength(100_000);
    const bytes = RegisterBroker.encode({ ...RegisterBroker.decode(new Uint8Array()), replicas }).finish();
    expect(bytes.length).toBeLessThan(MESSAGE_BYTES_MAX / 6);
  });
});
