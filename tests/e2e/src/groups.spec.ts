import { createMoldau, type Moldau } from '@moldau/client';
import { type SpawnedStandalone, spawnStandalone } from '@moldau/harness';
import { adminService, groupService } from '@moldau/protocol';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { batchOf } from './fixture/batches.ts';
import { type RawBroker, rawBroker } from './fixture/raw-broker.ts';
import { RawMember } from './fixture/raw-member.ts';
import { createTopic } from './fixture/topic.ts';

const WAIT = { timeout: 20_000, interval: 20 };

let server: SpawnedStandalone;
let moldau: Moldau;
let raw: RawBroker;

beforeAll(async () => {
  server = await spawnStandalone();
  moldau = createMoldau({ bootstrap: server.address });
  raw = rawBroker(server.address);
});

afterAll(async () => {
  raw?.[Symbol.dispose]();
  await moldau?.close();
  await server?.dispose();
});

describe('a consumer group by the bare stubs', () => {
  it('shares partitions, takes commits of their owners only, and tells its lag', async () => {
    await createTopic(moldau, 'shared', { partitions: 4 });
    const topicId = await raw.topicId('shared');
    for (let partition = 0; partition < 4; partition++) await raw.produce(topicId, batchOf(['a', 'b', 'c']), { partition });
    const [first, second] = [
      new RawMember(raw, 'readers', { topicNames: ['shared'] }),
      new RawMember(raw, 'readers', { topicNames: ['shared'] }),
    ];
    await vi.waitFor(() => expect([...first.partitions, ...second.partitions].sort()).toEqual([0, 1, 2, 3]), WAIT);
    await vi.waitFor(() => expect([first.partitions.length, second.partitions.length]).toEqual([2, 2]), WAIT);
    const commit = async (partition: number, offset: number): Promise<string | undefined> => {
      const member = { memberId: first.memberId, memberEpoch: first.epoch };
      const offsets = [{ topicId, partition, offset, metadata: '' }];
      const { results } = await raw.call(groupService.commitOffsets, { groupId: 'readers', member, offsets });
      return results[0]?.error?.reason;
    };
    const [mine = -1] = first.partitions;
    const [other = -1] = second.partitions;
    expect([await commit(mine, 1), await commit(other, 1), await commit(mine, 99)]).toEqual([
      undefined,
      'NOT_PARTITION_OWNER',
      'OFFSET_OUT_OF_RANGE',
    ]);
    const { results } = await raw.call(adminService.describeGroups, { groupIds: ['readers'], membersOnly: false });
    expect(results[0]?.group?.partitions.find(({ partition }) => partition === mine)).toMatchObject({ committedOffset: 1, lagRecords: 2 });
    second.leave();
    await vi.waitFor(() => expect(first.partitions).toEqual([0, 1, 2, 3]), WAIT);
    const reset = { groupId: 'readers', partitions: [], position: { position: { $case: 'latest' as const, value: {} } }, dryRun: false };
    await expect(raw.call(adminService.resetGroupOffsets, reset)).rejects.toMatchObject({ reason: 'GROUP_NOT_EMPTY' });
    first.leave();
    await vi.waitFor(async () => {
      const answer = await raw.call(adminService.resetGroupOffsets, reset);
      expect(answer.results).toMatchObject([{ topic: 'shared', fromOffset: 1, toOffset: 3 }]);
    }, WAIT);
  }, 60_000);

  it('gives the partitions of a member that died to the others, and takes nothing of it any more', async () => {
    const changes = [
      { name: 'session.timeout.ms', value: '1000' },
      { name: 'heartbeat.interval.ms', value: '300' },
    ];
    const resource = { resource: { $case: 'group' as const, value: 'mortal' } };
    const altered = await raw.call(adminService.alterConfigs, { resources: [{ resource, changes }], dryRun: false });
    expect(altered.results[0]?.error).toBeUndefined();
    await createTopic(moldau, 'inherited', { partitions: 4 });
    const topicId = await raw.topicId('inherited');
    const [heir, mortal] = [
      new RawMember(raw, 'mortal', { topicNames: ['inherited'] }),
      new RawMember(raw, 'mortal', { topicNames: ['inherited'] }),
    ];
    const beat = setInterval(() => heir.live(), 200);
    try {
      await vi.waitFor(() => expect([heir.partitions.length, mortal.partitions.length]).toEqual([2, 2]), WAIT);
      const [partition = -1] = mortal.partitions;
      mortal.die();
      await vi.waitFor(() => expect(heir.partitions).toEqual([0, 1, 2, 3]), WAIT);
      const member = { memberId: mortal.memberId, memberEpoch: mortal.epoch };
      const offsets = [{ topicId, partition, offset: 0, metadata: '' }];
      const late = raw.call(groupService.commitOffsets, { groupId: 'mortal', member, offsets });
      await expect(late).rejects.toMatchObject({ reason: 'UNKNOWN_MEMBER' });
    } finally {
      clearInterval(beat);
      heir.leave();
    }
  }, 60_000);
});
