import { brokerId, partitionIndex } from '@moldau/kernel';
import { describe, expect, it } from 'vitest';
import { routeMarkers } from './marker-routes.ts';
import type { MarkerTask } from './markers.ts';
import { NAME, partitionsOf, sessionOf } from './testing/shard-rig.ts';

const task: MarkerTask = {
  name: NAME,
  ...sessionOf(7, 3),
  outcome: 'commit',
  waiting: { partitions: partitionsOf(0, 1, 2, 3, 4).partitions, groups: ['even', 'odd', 'other'] },
};

describe('markers', () => {
  it('go to the leaders of their partitions and the shards of their groups, each in one piece', () => {
    const places = [brokerId(1), brokerId(2), brokerId(1), 'absent', 'gone'] as const;
    const { brokers, groupShards, gone } = routeMarkers([task], {
      leaderOf: ({ partition }) => places[partition] ?? 'absent',
      shardOfGroup: (_namespace, group) => (group === 'odd' ? 1 : 0),
    });
    expect([...brokers]).toEqual([
      [1, [{ task, targets: partitionsOf(0, 2).partitions }]],
      [2, [{ task, targets: partitionsOf(1).partitions }]],
    ]);
    expect([...groupShards]).toEqual([
      [0, [{ task, targets: ['even', 'other'] }]],
      [1, [{ task, targets: ['odd'] }]],
    ]);
    expect(gone).toEqual([{ task, targets: [{ topicId: task.waiting.partitions[0]?.topicId, partition: partitionIndex(4) }] }]);
  });
});
