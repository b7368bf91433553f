import type { ShardCalls } from '@moldau/shards';
import type { BrokerParts } from '../broker-parts.ts';
import { commitOffsetsMethod } from '../handlers/commit-offsets.ts';
import { deleteGroupOffsetsMethod } from '../handlers/delete-group-offsets.ts';
import { deleteGroupsMethod } from '../handlers/delete-groups.ts';
import { describeGroupsMethod } from '../handlers/describe-groups.ts';
import { fetchOffsetsMethod } from '../handlers/fetch-offsets.ts';
import { listGroupsMethod } from '../handlers/list-groups.ts';
import { membershipMethod } from '../handlers/membership.ts';
import { resetGroupOffsetsMethod } from '../handlers/reset-group-offsets.ts';
import type { RegisteredMethod } from '../request/registered-method.ts';
import { EdgeCalls } from './edge-calls.ts';
import { GroupReset } from './group-reset.ts';
import { LeaderPositions } from './leader-positions.ts';
import { OffsetEnds } from './offset-ends.ts';

/** GroupService, and what AdminService has of groups. */
export function groupMethods(parts: BrokerParts, shards: ShardCalls): readonly RegisteredMethod[] {
  const { deps, settings, cluster, table, locator, peers, streams } = parts;
  const { clock, scheduler } = deps;
  const { brokerId } = settings;
  const calls = new EdgeCalls(clock, shards);
  const ends = new OffsetEnds({ cluster, table, locator, peers, brokerId });
  const positions = new LeaderPositions({ cluster, locator, peers, brokerId });
  return [
    membershipMethod({ scheduler, calls, ends, streams }),
    commitOffsetsMethod(calls, ends),
    fetchOffsetsMethod(calls),
    listGroupsMethod(calls),
    describeGroupsMethod(calls),
    deleteGroupsMethod(calls),
    deleteGroupOffsetsMethod(cluster, calls),
    resetGroupOffsetsMethod(new GroupReset({ clock, cluster, calls, positions })),
  ];
}
