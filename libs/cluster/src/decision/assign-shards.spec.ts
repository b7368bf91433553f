import type { CoordinatorId } from '@moldau/kernel';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyChanges, type KeyChange } from '../image/apply-changes.ts';
import { EMPTY_IMAGE, type MetadataImage } from '../image/metadata-image.ts';
import { CLUSTER_KEY, coordinatorKey, shardKey, topicKey } from '../image/metadata-keys.ts';
import { encodeCluster, encodeCoordinator, encodeTopic } from '../image/record-codec.ts';
import { SHARD_KINDS, SHARD_TOPICS, type ShardKindName } from '../image/shard-kind.ts';
import { testTopicId } from '../testing/image-fixture.ts';
import { assignShards } from './assign-shards.ts';

const SHARDS = 16;

class Cluster {
  image: MetadataImage = EMPTY_IMAGE;
  #revision = 1;

  constructor(kinds: readonly ShardKindName[] = SHARD_KINDS) {
    this.write(CLUSTER_KEY, encodeCluster({ clusterId: testTopicId(9), createdAtMs: 0, shards: SHARDS }));
    for (const kind of kinds) this.createTopic(kind);
  }

  write(key: string, value: Uint8Array | undefined): void {
    this.#revision += 1;
    const change: KeyChange = { key, value, revision: this.#revision };
    this.image = applyChanges(this.image, this.#revision, [change]).image;
  }

  createTopic(kind: ShardKindName): void {
    const topicId = testTopicId(SHARD_KINDS.indexOf(kind));
    const fields = { topicId, namespace: 'default' as never, name: SHARD_TOPICS[kind], replicationFactor: 1, createdAtMs: 0 };
    const life = { state: 'active', partitionCount: SHARDS, readyPartitions: SHARDS, internal: true } as const;
    this.write(topicKey(topicId), encodeTopic({ ...fields, ...life }, undefined));
  }

  start(id: string): void {
    const fields = { coordinatorId: id as CoordinatorId, address: `${id}:9093`, softwareVersion: '' };
    this.write(coordinatorKey(fields.coordinatorId), encodeCoordinator(fields));
  }

  stop(id: string): void {
    this.write(coordinatorKey(id as CoordinatorId), undefined);
  }

  /** Carries the decision out; how many shards changed. */
  assign(): number {
    const writes = assignShards(this.image);
    for (const { key, value } of writes) this.write(key, value);
    expect(assignShards(this.image), 'decided again').toEqual([]);
    return writes.length;
  }

  ownerOf(kind: ShardKindName, shard: number): string | undefined {
    return this.image.shards.get(shardKey(kind, shard))?.owner?.coordinatorId;
  }

  counts(kind: ShardKindName): Record<string, number> {
    const counts: Record<string, number> = {};
    for (let shard = 0; shard < SHARDS; shard += 1) {
      const owner = this.ownerOf(kind, shard) ?? 'nobody';
      counts[owner] = (counts[owner] ?? 0) + 1;
    }
    return counts;
  }

  epochs(): number[] {
    return SHARD_KINDS.flatMap((kind) =>
      Array.from({ length: SHARDS }, (_, shard) => this.image.shards.get(shardKey(kind, shard))?.shardEpoch ?? 0),
    );
  }
}

describe('assigning shards', () => {
  it('spreads each kind, and both together, over the coordinators', () => {
    const cluster = new Cluster();
    for (const id of ['a', 'b', 'c']) cluster.start(id);
    expect(cluster.assign()).toBe(32);
    expect(cluster.counts('groups')).toEqual({ a: 6, b: 5, c: 5 });
    expect(cluster.counts('transactions')).toEqual({ a: 5, b: 6, c: 5 });
  });

  it('leaves alone the kinds that have no topic yet', () => {
    const cluster = new Cluster(['groups']);
    cluster.start('a');
    expect(cluster.assign()).toBe(16);
    cluster.createTopic('transactions');
    expect(cluster.assign()).toBe(16);
  });

  it('moves only the shards of who has gone, and to who has come only as many as make it even', () => {
    const cluster = new Cluster(['groups']);
    for (const id of ['a', 'b']) cluster.start(id);
    cluster.assign();
    cluster.start('c');
    expect(cluster.assign()).toBe(5);
    cluster.stop('b');
    const lost = cluster.counts('groups')['b'];
    expect(cluster.assign()).toBe(lost);
    expect(cluster.counts('groups')).toEqual({ a: 8, c: 8 });
  });

  it('takes the shards from everybody when nobody is left, and raises the epoch both times', () => {
    const cluster = new Cluster(['groups']);
    cluster.start('a');
    cluster.assign();
    cluster.stop('a');
    expect(cluster.assign()).toBe(16);
    expect(cluster.counts('groups')).toEqual({ nobody: 16 });
    cluster.start('a');
    cluster.assign();
    expect(new Set(cluster.epochs().slice(0, SHARDS))).toEqual(new Set([3]));
  });

  it('gives another life of an instance its shards under a new epoch', () => {
    const cluster = new Cluster(['groups']);
    cluster.start('a');
    cluster.assign();
    cluster.start('a');
    expect(cluster.assign()).toBe(16);
    expect(new Set(cluster.epochs().slice(0, SHARDS))).toEqual(new Set([2]));
  });

  it('is even, settles at once, names only the living and never uses an epoch again, whatever comes and goes', () => {
    const step = fc.record({ id: fc.constantFrom('a', 'b', 'c', 'd', 'e'), alive: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
        const cluster = new Cluster();
        const living = new Set<string>();
        for (const { id, alive } of steps) {
          if (alive) {
            cluster.start(id);
            living.add(id);
          } else if (living.delete(id)) cluster.stop(id);
          const before = cluster.epochs();
          const owners = SHARD_KINDS.flatMap((kind) => before.slice(0, SHARDS).map((_, shard) => cluster.ownerOf(kind, shard)));
          cluster.assign();
          for (const kind of SHARD_KINDS) {
            const counts = Object.values(cluster.counts(kind));
            expect(Object.keys(cluster.counts(kind)).every((owner) => living.has(owner) || (owner === 'nobody' && living.size === 0))).toBe(
              true,
            );
            if (living.size > 0) expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
          }
          const after = SHARD_KINDS.flatMap((kind) => before.slice(0, SHARDS).map((_, shard) => cluster.ownerOf(kind, shard)));
          cluster.epochs().forEach((epoch, at) => {
            if (after[at] === owners[at]) expect([before[at], (before[at] ?? 0) + 1]).toContain(epoch);
            else expect(epoch).toBe((before[at] ?? 0) + 1);
          });
        }
      }),
      { numRuns: 100 },
    );
  });
});
