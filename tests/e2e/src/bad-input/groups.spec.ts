import { randomUUID } from 'node:crypto';
import { createMoldau, type Moldau } from '@moldau/client';
import { type SpawnedStandalone, spawnStandalone } from '@moldau/harness';
import { ERROR_CATALOGUE } from '@moldau/kernel';
import { adminService, TransactionOutcome, type TransactionSession, TransactionState } from '@moldau/protocol';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { batchOf } from '../fixture/batches.ts';
import { type RawBroker, rawBroker } from '../fixture/raw-broker.ts';
import { RawMember } from '../fixture/raw-member.ts';
import { createTopic } from '../fixture/topic.ts';
import { type Case, GroupCalls, type Member, refusal } from './group-calls.ts';

/** Every case is refused with an error that says what was wrong with what, and leaves everything as it was. */
const WAIT = { timeout: 30_000, interval: 50 };
const TIMEOUT_MS = 90_000;
/** An expression takes no longer than this, whatever it is matched against, on a machine that others use too. */
const PATTERN_MS_MAX = 5_000;
const PARTITIONS = 4;
const RECORDS = 3;
const ALL = Array.from({ length: PARTITIONS }, (_, partition) => partition);

let server: SpawnedStandalone;
let moldau: Moldau;
let raw: RawBroker;
let calls: GroupCalls;
let first: RawMember;
let second: RawMember;
/** A static member whose next life has come. */
let replaced: RawMember;
let heir: RawMember;
/** A transactional id had by `taken`, was `billing`'s before; and one whose transaction was aborted by its time. */
let fenced: TransactionSession;
let taken: TransactionSession;
let late: TransactionSession;

beforeAll(async () => {
  server = await spawnStandalone();
  moldau = createMoldau({ bootstrap: server.address });
  raw = rawBroker(server.address);
  await createTopic(moldau, 'told', { partitions: PARTITIONS });
  const topicId = await raw.topicId('told');
  calls = new GroupCalls(raw, topicId, PARTITIONS);
  for (const partition of ALL) await raw.produce(topicId, batchOf(['a', 'b', 'c']), { partition });
  await createTopic(moldau, 'x'.repeat(200));
  [first, second] = [0, 1].map(() => new RawMember(raw, 'readers', { topicNames: ['told'] })) as [RawMember, RawMember];
  await vi.waitFor(() => expect([first.partitions.length, second.partitions.length]).toEqual([2, 2]), WAIT);
  expect(await calls.commit('readers', first, { partition: first.partitions[0] ?? -1, offset: 1 })).toBeUndefined();
  replaced = new RawMember(raw, 'statics', { topicNames: ['told'], instanceId: 'one' });
  await vi.waitFor(() => expect(replaced.partitions).toEqual(ALL), WAIT);
  heir = new RawMember(raw, 'statics', { topicNames: ['told'], instanceId: 'one' });
  await vi.waitFor(() => expect(heir.partitions).toEqual(ALL), WAIT);
  await vi.waitFor(() => expect(replaced.error).toMatchObject({ reason: 'FENCED_INSTANCE' }), WAIT);
  fenced = await calls.begin('billing');
  taken = await calls.begin('billing');
  await calls.begin('unused');
  late = await calls.begin('slow', { timeoutMs: 200 });
  expect(await calls.produce(late, { transactionalId: 'slow' })).toBeUndefined();
  await vi.waitFor(async () => {
    const { results } = await raw.call(adminService.describeTransactions, { transactionalIds: ['slow'] });
    expect(results[0]?.transaction?.listing?.state).toBe(TransactionState.COMPLETE_ABORT);
  }, WAIT);
}, TIMEOUT_MS);

afterAll(async () => {
  first?.leave();
  second?.leave();
  heir?.leave();
  raw?.[Symbol.dispose]();
  await moldau?.close();
  await server?.dispose();
});

let before: unknown;

beforeEach(async () => {
  first.live();
  second.live();
  heir.live();
  before = await calls.state();
});

afterEach(async () => {
  expect(await calls.state()).toEqual(before);
});

const stranger: Member = { memberId: randomUUID(), epoch: 1 };
const own = (): number => first.partitions[0] ?? -1;
const others = (): number => second.partitions[0] ?? -1;

const CASES: readonly Case[] = [
  { name: 'a group that is not there is described', reason: 'UNKNOWN_GROUP', tells: () => ['nobody'], act: () => calls.describe('nobody') },
  { name: 'a group that is not there is deleted', reason: 'UNKNOWN_GROUP', tells: () => ['nobody'], act: () => calls.remove('nobody') },
  { name: 'a group with members is deleted', reason: 'GROUP_NOT_EMPTY', tells: () => ['readers', 2], act: () => calls.remove('readers') },
  {
    name: 'a group with members is reset',
    reason: 'GROUP_NOT_EMPTY',
    tells: () => ['readers', 2],
    act: () => calls.reset('readers', 'earliest'),
  },
  {
    name: 'a member commits to a group that is not there',
    reason: 'UNKNOWN_MEMBER',
    tells: () => ['nobody', stranger.memberId],
    act: () => calls.commit('nobody', stranger, {}),
  },
  {
    name: 'a member commits that the group does not know',
    reason: 'UNKNOWN_MEMBER',
    tells: () => ['readers', stranger.memberId],
    act: () => calls.commit('readers', stranger, {}),
  },
  {
    name: 'a member commits in an epoch that it does not have yet',
    reason: 'FENCED_MEMBER_EPOCH',
    tells: () => [first.memberId, first.epoch + 1, first.epoch],
    act: () => calls.commit('readers', { memberId: first.memberId, epoch: first.epoch + 1 }, { partition: own() }),
  },
  {
    name: 'a member commits in an epoch before the partition was given to it',
    reason: 'FENCED_MEMBER_EPOCH',
    tells: () => [first.memberId],
    act: () => calls.commit('readers', { memberId: first.memberId, epoch: 0 }, { partition: own() }),
  },
  {
    name: 'a member commits a partition that another one owns',
    reason: 'NOT_PARTITION_OWNER',
    tells: () => [first.memberId, others()],
    act: () => calls.commit('readers', first, { partition: others() }),
  },
  {
    name: 'a static member commits whose next life has come',
    // Its stream has told it why.
    reason: 'UNKNOWN_MEMBER',
    tells: () => ['statics', replaced.memberId],
    act: () => calls.commit('statics', replaced, { offset: 1 }),
  },
  {
    name: 'somebody who is no member commits while the group has some',
    reason: 'GROUP_NOT_EMPTY',
    tells: () => ['readers', 2],
    act: () => calls.commit('readers', undefined, {}),
  },
  {
    name: 'an offset beyond the end is committed',
    reason: 'OFFSET_OUT_OF_RANGE',
    tells: () => [99, RECORDS],
    act: () => calls.commit('readers', first, { partition: own(), offset: 99 }),
  },
  {
    name: 'a negative offset is committed',
    reason: 'INVALID_REQUEST',
    tells: () => ['offset', -1],
    act: () => calls.commit('readers', first, { partition: own(), offset: -1 }),
  },
  {
    name: 'a partition is committed that is not there',
    reason: 'UNKNOWN_PARTITION',
    tells: () => [PARTITIONS],
    act: () => calls.commit('others', undefined, { partition: PARTITIONS }),
  },
  {
    name: 'a topic is committed that is not there',
    reason: 'UNKNOWN_TOPIC',
    tells: () => [stranger.memberId],
    act: () => calls.commit('others', undefined, { topicId: stranger.memberId }),
  },
  {
    name: 'a note is committed that is too long',
    reason: 'INVALID_REQUEST',
    tells: () => ['metadata', 4097, 4096],
    act: () => calls.commit('others', undefined, { metadata: 'x'.repeat(4097) }),
  },
  {
    name: 'a group is named as none may be',
    reason: 'INVALID_GROUP_ID',
    tells: () => ['a group'],
    act: () => calls.commit('a group', undefined, {}),
  },
  {
    name: 'a producer writes whose transactional id another one has',
    reason: 'FENCED_PRODUCER',
    tells: () => [fenced.producerId, fenced.producerEpoch],
    act: () => calls.produce(fenced, { transactionalId: 'billing' }),
  },
  {
    name: 'a producer commits offsets whose transactional id another one has',
    reason: 'FENCED_PRODUCER',
    tells: () => ['billing', fenced.producerEpoch],
    act: () => calls.stage('billing', fenced, 'billers'),
  },
  {
    name: 'a producer commits whose transactional id another one has',
    reason: 'FENCED_PRODUCER',
    tells: () => ['billing', fenced.producerEpoch],
    act: () => calls.end('billing', fenced),
  },
  {
    name: 'a producer aborts whose transactional id another one has',
    reason: 'FENCED_PRODUCER',
    tells: () => ['billing', fenced.producerEpoch],
    act: () => calls.end('billing', fenced, TransactionOutcome.ABORT),
  },
  {
    name: 'a producer goes on with a session that another one has ended',
    reason: 'FENCED_PRODUCER',
    tells: () => ['billing', fenced.producerEpoch],
    act: async () => void (await calls.begin('billing', { current: fenced })),
  },
  {
    name: 'a session is begun with a timeout beyond the limit',
    reason: 'INVALID_TRANSACTION_TIMEOUT',
    tells: () => [900_001, 900_000],
    act: async () => void (await calls.begin('unused', { timeoutMs: 900_001 })),
  },
  {
    name: 'a transactional id is named as none may be',
    reason: 'INVALID_TRANSACTIONAL_ID',
    tells: () => ['an id'],
    act: async () => void (await calls.begin('an id')),
  },
  {
    name: 'a transactional batch names no transactional id',
    reason: 'INVALID_REQUEST',
    tells: () => ['transactional_id'],
    act: () => calls.produce(taken, {}),
  },
  {
    name: 'a batch outside of a transaction names a transactional id',
    reason: 'INVALID_REQUEST',
    tells: () => ['transactional_id'],
    act: () => calls.produce(taken, { transactionalId: 'billing', transactional: false }),
  },
  {
    name: 'a transactional batch names an id that nobody has',
    reason: 'UNKNOWN_TRANSACTIONAL_ID',
    tells: () => ['nobody'],
    act: () => calls.produce(taken, { transactionalId: 'nobody' }),
  },
  { name: 'nothing is committed', reason: 'INVALID_TRANSACTION_STATE', tells: () => ['billing'], act: () => calls.end('billing', taken) },
  {
    name: 'a commit says not how it ends',
    reason: 'INVALID_REQUEST',
    tells: () => ['outcome'],
    act: () => calls.end('billing', taken, TransactionOutcome.UNSPECIFIED),
  },
  {
    name: 'a transaction is committed after its time',
    reason: 'TRANSACTION_ABORTED',
    tells: () => ['slow'],
    act: () => calls.end('slow', late),
  },
  {
    name: 'a batch comes after the time of its transaction',
    // The marker is in the partition, of the epoch after it.
    reason: 'FENCED_PRODUCER',
    tells: () => [late.producerId, late.producerEpoch, late.producerEpoch + 1],
    act: () => calls.produce(late, { transactionalId: 'slow' }),
  },
  {
    name: 'offsets are committed after the time of their transaction',
    reason: 'TRANSACTION_ABORTED',
    tells: () => ['slow'],
    act: () => calls.stage('slow', late, 'billers'),
  },
];

describe('it is refused, and all is as before, when', () => {
  it.each(CASES)('$name: $reason', async ({ reason, tells, act }) => {
    const refused = await refusal(act());
    expect(refused.reason, refused.message).toBe(reason);
    expect(Object.hasOwn(ERROR_CATALOGUE, refused.reason)).toBe(true);
    const told = `${refused.message} ${JSON.stringify(refused.facts)}`;
    for (const value of tells()) expect(told).toContain(String(value));
  });
});

describe('an expression for topics', () => {
  it.each(['(', '*', '(?=x)', 'a{2000}', '(((a{1000}){1000}){1000})', 'x'.repeat(250)])(
    'that is none is INVALID_TOPIC_PATTERN: %s',
    async (topicPattern) => {
      const begunAt = performance.now();
      const member = new RawMember(raw, 'hopeful', { topicPattern });
      await vi.waitFor(() => expect(member.error).toMatchObject({ reason: 'INVALID_TOPIC_PATTERN' }), WAIT);
      expect(performance.now() - begunAt).toBeLessThan(PATTERN_MS_MAX);
      expect(member.joined).toBe(false);
    },
  );

  it.each(['(x+x+)+y', '(x?){200}x{200}', '((x*)*)*y|(a|aa|x)+$'])(
    'that makes others explode is matched in bounded time: %s',
    async (topicPattern) => {
      const begunAt = performance.now();
      const member = new RawMember(raw, 'hopeful', { topicPattern });
      await vi.waitFor(() => expect(member.joined).toBe(true), WAIT);
      expect(performance.now() - begunAt).toBeLessThan(PATTERN_MS_MAX);
      member.leave();
      await vi.waitFor(async () => expect(await calls.remove('hopeful')).toBeUndefined(), WAIT);
    },
  );
});
