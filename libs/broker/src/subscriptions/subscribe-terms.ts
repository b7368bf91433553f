import { parseGroupId } from '@moldau/groups';
import { type Ids, isUuid } from '@moldau/kernel';
import type { MembershipJoin, SubscribeStart } from '@moldau/protocol';
import { type ReadIsolation, readIsolation } from '../fetch/isolation.ts';
import { assertCount, invalidField } from '../produce/produce-terms.ts';

const TOPICS_MAX = 1_000;
const UNACKNOWLEDGED_DEFAULT = 500;
const UNACKNOWLEDGED_MAX = 100_000;
const BYTES_DEFAULT = 256 * 1024;
/** With one record more a message stays below the 4 MiB of public messages. */
const BYTES_MAX = 3 * 1024 * 1024;
const WAIT_MS_DEFAULT = 5_000;
const WAIT_MS_MAX = 60_000;
/** What giving partitions up may take beyond the wait for acknowledgements, in milliseconds: a commit and a heartbeat, twice if an owner dies. */
const GIVING_UP_MS = 15_000;

/** What a client of `GatewayService.Subscribe` asked for, checked. */
export interface SubscribeTerms {
  readonly join: MembershipJoin;
  /** Where to begin in partitions for which nothing is committed: with what comes from now on, instead of with what there is. */
  readonly latest: boolean;
  readonly isolation: ReadIsolation;
  /** In records. */
  readonly maxUnacknowledged: number;
  /** Of a delivery. */
  readonly maxBytes: number;
  readonly reconnectGraceMs: number;
  readonly revocationWaitMs: number;
}

/** @throws MoldauError INVALID_GROUP_ID, INVALID_REQUEST; names and the expression are checked by the owner of the group */
export function subscribeTerms(start: SubscribeStart, ids: Ids): SubscribeTerms {
  parseGroupId(start.groupId);
  const { groupId, topics, topicPattern, memberId = ids.uuid(), instanceId } = start;
  assertCount('topics', topics.length, TOPICS_MAX);
  if (topics.length === 0 && topicPattern === undefined) throw invalidField('topics', '0 items', 'at least one, or topic_pattern');
  if (!isUuid(memberId)) throw invalidField('member_id', memberId, 'a UUID');
  const revocationWaitMs = ranged('revocation_wait_ms', start.revocationWaitMs ?? WAIT_MS_DEFAULT, 0, WAIT_MS_MAX);
  const rebalanceTimeoutMs = revocationWaitMs + GIVING_UP_MS;
  return {
    join: { groupId, memberId, instanceId, topicNames: topics, topicPattern, metadata: new Uint8Array(), rebalanceTimeoutMs },
    latest: start.from?.$case === 'latest',
    isolation: readIsolation(start.isolation),
    maxUnacknowledged: ranged('max_unacknowledged', start.maxUnacknowledged ?? UNACKNOWLEDGED_DEFAULT, 1, UNACKNOWLEDGED_MAX),
    maxBytes: ranged('max_bytes', start.maxBytes ?? BYTES_DEFAULT, 1, BYTES_MAX),
    reconnectGraceMs: ranged('reconnect_grace_ms', start.reconnectGraceMs ?? WAIT_MS_DEFAULT, 0, WAIT_MS_MAX),
    revocationWaitMs,
  };
}

/** @throws MoldauError INVALID_REQUEST */
function ranged(field: string, value: number, least: number, most: number): number {
  if (value < least || value > most) throw invalidField(field, value, `${least} … ${most}`);
  return value;
}
