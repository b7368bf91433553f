import { describe, expect, it } from 'vitest';
import { fill } from '../../testing/text-consumer.contract.ts';
import { setUpGroup } from '../../testing/text-group.contract.ts';
import { failure } from '../../testing/text-producer.contract.ts';

describe('administration of groups', () => {
  it('lists groups page by page, shows one with its lag, moves its offsets, and deletes it', async () => {
    const { cluster, scheduler, read, moldau } = setUpGroup();
    const topic = cluster.createTopic('orders');
    fill(topic.partitions[0], 10);
    for (const name of ['a', 'b', 'z']) cluster.group(name);
    const { consumer } = read();
    await scheduler.runFor(500);
    const admin = moldau.admin();
    const active = await scheduler.until(failure(admin.resetGroupOffsets('readers', { offset: 4 })));
    expect(active.reason).toBe('GROUP_NOT_EMPTY');
    await scheduler.until(consumer.close());
    fill(topic.partitions[0], 5);

    const listed: string[] = [];
    const listing = (async () => {
      for await (const { groupId, state, members } of admin.listGroups({ pageSize: 2 })) listed.push(`${groupId} ${state} ${members}`);
    })();
    await scheduler.until(listing);
    expect(listed).toEqual(['a empty 0', 'b empty 0', 'readers empty 0', 'z empty 0']);

    const [described, unknown] = await scheduler.until(admin.describeGroups(['readers', 'nobody']));
    expect(described?.group?.partitions).toMatchObject([
      { topic: 'orders', partition: 0, committedOffset: 10, endOffset: 15, lagRecords: 5 },
    ]);
    expect(unknown?.error?.reason).toBe('UNKNOWN_GROUP');

    const planned = await scheduler.until(admin.resetGroupOffsets('readers', { offset: 4 }, { dryRun: true }));
    expect(planned).toEqual([{ topic: 'orders', partition: 0, from: 10, to: 4, error: undefined }]);
    await scheduler.until(admin.resetGroupOffsets('readers', { offset: 4 }));
    const again = read();
    await scheduler.runFor(500);
    expect(again.values).toHaveLength(11);
    await scheduler.until(again.consumer.close());

    const deleted = await scheduler.until(admin.deleteGroups(['readers', 'nobody']));
    expect(deleted.map(({ groupId, error }) => [groupId, error?.reason])).toEqual([
      ['readers', undefined],
      ['nobody', 'UNKNOWN_GROUP'],
    ]);
  });
});
