import { DEFAULT_NAMESPACE, partitionIndex, producerEpoch, producerId } from '@moldau/kernel';
import { describe, expect, it } from 'vitest';
import { COMMITTED_OFFSETS_MAX } from './offsets/commit-offsets.ts';
import { encodeRecord } from './record/record-codec.ts';
import type { GroupResult } from './result.ts';
import { GROUP, reasonOf, ShardFixture } from './testing/shard-fixture.ts';

/** What the coordinator's shards write in one batch, with room for 32 bytes of fields around each record. */
const BATCH_BYTES_MAX = 32 * 1024 * 1024;
const ADMIN = { type: 'admin' } as const;

function sizeOf({ records }: GroupResult<unknown>): number {
  let bytes = 0;
  for (const record of records) {
    const { key, value } = encodeRecord(record);
    bytes += key.length + (value?.length ?? 0) + 32;
  }
  return bytes;
}

describe('an operation', () => {
  it('that adopts an assignment for 10,000 members of 1,000 topics fits one batch, by a tenth of them', () => {
    const fixture = new ShardFixture();
    const topicNames = Array.from({ length: 1_000 }, (_, at) => `topic-${at}`);
    for (const [at, name] of topicNames.entries()) {
      fixture.topics.put(DEFAULT_NAMESPACE, name, `00000000-0000-4000-8000-${String(at).padStart(12, '0')}`, 10);
    }
    const group = { ...GROUP, groupId: 'g'.repeat(249) };
    for (let at = 0; at < 1_000; at += 1) fixture.join(`member-${at}`.padEnd(36, '-'), { group, topicNames });
    const task = fixture.shard.beginAssignment(group);
    while (!task.step());
    expect(10 * sizeOf(fixture.shard.adoptAssignment(fixture.now(), task))).toBeLessThan(BATCH_BYTES_MAX / 2);
  });

  it('that ends a transaction fits one batch, as staging more than that is refused', () => {
    const fixture = new ShardFixture();
    fixture.topics.put(DEFAULT_NAMESPACE, 'wide', '22222222-2222-4222-8222-222222222222', 20_000);
    const wide = fixture.topics.byName(DEFAULT_NAMESPACE, 'wide');
    const producer = { producerId: producerId(9), producerEpoch: producerEpoch(1) };
    const stage = (from: number): void => {
      const offsets = Array.from({ length: 1_000 }, (_, at) => ({
        ...fixture.offsetOf(0, 5, { metadata: 'x'.repeat(4_000) }),
        topicId: wide?.topicId ?? fixture.topic.topicId,
        partition: partitionIndex(from + at),
      }));
      fixture.take(fixture.shard.stageOffsets(fixture.now(), { group: GROUP, committer: ADMIN, offsets, ...producer }));
    };
    stage(0);
    expect(reasonOf(() => stage(1_000))).toBe('TRANSACTION_TOO_LARGE');
    const end = fixture.shard.endTransaction(fixture.now(), { ...producer, shardEpoch: 1, outcome: 'commit' });
    expect(end.records).toHaveLength(2_001);
    expect(sizeOf(end)).toBeLessThan(BATCH_BYTES_MAX / 2);
  });

  it('that deletes a group with more offsets than fit is refused with the limit named', () => {
    const fixture = new ShardFixture();
    fixture.topics.put(DEFAULT_NAMESPACE, 'wide', '22222222-2222-4222-8222-222222222222', 60_000);
    const topicId = fixture.topics.byName(DEFAULT_NAMESPACE, 'wide')?.topicId ?? fixture.topic.topicId;
    for (let from = 0; from < 60_000; from += COMMITTED_OFFSETS_MAX) {
      const offsets = Array.from({ length: COMMITTED_OFFSETS_MAX }, (_, at) => ({
        ...fixture.offsetOf(0, 5),
        topicId,
        partition: partitionIndex(from + at),
      }));
      fixture.take(fixture.shard.commitOffsets(fixture.now(), { group: GROUP, committer: ADMIN, offsets }));
    }
    expect(() => fixture.shard.deleteGroup(fixture.now(), GROUP)).toThrow('50000 go at once');
    const partitions = new Map([[topicId, Array.from({ length: 10_000 }, (_, at) => partitionIndex(at))]]);
    fixture.take(fixture.shard.deleteOffsets(fixture.now(), GROUP, partitions));
    expect(sizeOf(fixture.shard.deleteGroup(fixture.now(), GROUP))).toBeLessThan(BATCH_BYTES_MAX);
  });
});
