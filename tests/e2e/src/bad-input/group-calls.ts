import { MoldauError } from '@moldau/kernel';
import {
  Acks,
  adminService,
  fetchService,
  groupService,
  Isolation,
  type ItemError,
  type OffsetToCommit,
  producerService,
  TransactionOutcome,
  type TransactionSession,
  transactionService,
} from '@moldau/protocol';
import { batchOf } from '../fixture/batches.ts';
import type { RawBroker } from '../fixture/raw-broker.ts';
import type { RawMember } from '../fixture/raw-member.ts';

export type Refusal = Pick<ItemError, 'reason' | 'message'> & { readonly facts: Readonly<Record<string, string>> };

/** What a call or an item of its answer was refused with. */
export async function refusal(call: Promise<ItemError | undefined>): Promise<Refusal> {
  const error = await call.catch((caught: unknown) => caught);
  if (error instanceof MoldauError) return { reason: error.reason, message: error.message, facts: { ...error.facts } };
  if (error === undefined || error instanceof Error) throw error ?? new Error('it was taken');
  const { reason, message, metadata } = error as ItemError;
  return { reason, message, facts: Object.fromEntries(metadata) };
}

/** What is done, and the error that is to come. */
export interface Case {
  readonly name: string;
  readonly reason: string;
  /** Each is in the message or in the facts: the thing, the value, the limit. */
  readonly tells: () => readonly unknown[];
  readonly act: () => Promise<ItemError | undefined>;
}

/** Who commits as a member. */
export type Member = Pick<RawMember, 'memberId' | 'epoch'>;

/** Calls as no client would make them, each with what its answer says is wrong, about a topic of so many partitions. */
export class GroupCalls {
  readonly #raw: RawBroker;
  readonly #topicId: string;
  readonly #partitions: number;

  constructor(raw: RawBroker, topicId: string, partitions: number) {
    this.#raw = raw;
    this.#topicId = topicId;
    this.#partitions = partitions;
  }

  async commit(groupId: string, member: Member | undefined, offset: Partial<OffsetToCommit>): Promise<ItemError | undefined> {
    const offsets = [{ topicId: this.#topicId, partition: 0, offset: 0, metadata: '', ...offset }];
    const who = member === undefined ? {} : { member: { memberId: member.memberId, memberEpoch: member.epoch } };
    return (await this.#raw.call(groupService.commitOffsets, { groupId, ...who, offsets })).results[0]?.error;
  }

  async begin(transactionalId: string, more: { timeoutMs?: number; current?: TransactionSession } = {}): Promise<TransactionSession> {
    const { session } = await this.#raw.call(transactionService.beginProducerSession, { transactionalId, ...more });
    if (session === undefined) throw new Error('no session came');
    return session;
  }

  async produce(
    { producerId, producerEpoch }: TransactionSession,
    { transactionalId, transactional = true }: { transactionalId?: string; transactional?: boolean },
  ): Promise<ItemError | undefined> {
    const recordBatch = batchOf(['x'], { producerId, producerEpoch, baseSequence: 0, transactional });
    const batch = {
      batchId: 1,
      topicId: this.#topicId,
      partition: 0,
      recordBatch,
      ...(transactionalId === undefined ? {} : { transactionalId }),
    };
    return (await this.#raw.call(producerService.produce, { acks: Acks.ALL, batches: [batch] })).results[0]?.error;
  }

  async end(
    transactionalId: string,
    session: TransactionSession,
    outcome: TransactionOutcome = TransactionOutcome.COMMIT,
  ): Promise<undefined> {
    await this.#raw.call(transactionService.endTransaction, { transactionalId, session, outcome });
  }

  async stage(transactionalId: string, session: TransactionSession, groupId: string): Promise<ItemError | undefined> {
    const offsets = [{ topicId: this.#topicId, partition: 0, offset: 1, metadata: '' }];
    const request = { transactionalId, session, groupId, offsets };
    return (await this.#raw.call(transactionService.commitTransactionOffsets, request)).results[0]?.error;
  }

  async reset(groupId: string, position: 'earliest' | 'latest'): Promise<undefined> {
    const to = { position: { $case: position, value: {} } } as const;
    await this.#raw.call(adminService.resetGroupOffsets, { groupId, partitions: [], position: to, dryRun: false });
  }

  async describe(groupId: string): Promise<ItemError | undefined> {
    return (await this.#raw.call(adminService.describeGroups, { groupIds: [groupId], membersOnly: false })).results[0]?.error;
  }

  async remove(groupId: string): Promise<ItemError | undefined> {
    return (await this.#raw.call(adminService.deleteGroups, { groupIds: [groupId], dryRun: false })).results[0]?.error;
  }

  /** All that could have been changed. */
  async state(): Promise<unknown> {
    const { groups } = await this.#raw.call(adminService.listGroups, { pageToken: '' });
    const { results } = await this.#raw.call(adminService.describeGroups, { groupIds: ['readers', 'statics'], membersOnly: false });
    const readers = results.map(({ group }) => ({ ...group, partitions: group?.partitions.map(({ lagMs: _, ...lag }) => lag) }));
    const transactions = await this.#raw.call(adminService.describeTransactions, { transactionalIds: ['billing', 'slow', 'unused'] });
    const queries = Array.from({ length: this.#partitions }, (_, partition) => partition).map((partition) => ({
      topicId: this.#topicId,
      partition,
      position: { $case: 'latest' as const, value: {} },
    }));
    const ends = [Isolation.READ_COMMITTED, Isolation.READ_UNCOMMITTED].map(async (isolation) => {
      const found = await this.#raw.call(fetchService.listOffsets, { isolation, queries });
      return found.results.map(({ offset }) => offset);
    });
    return { groups, readers, transactions: transactions.results.map(({ transaction }) => transaction), ends: await Promise.all(ends) };
  }
}
