import type { ShardKindName } from '@moldau/cluster';
import type { CallOrigin, MemberFrame, MemberJoin, MemberNotice, ShardAnswer, ShardCall } from '@moldau/protocol';

type AnyCall = NonNullable<ShardCall['call']>;
type AnyAnswer = NonNullable<ShardAnswer['answer']>;

/** What may be asked of a shard. */
export type ShardCallCase = AnyCall['$case'];

/** A call of one kind. */
export type ShardCallOf<Case extends ShardCallCase> = Extract<AnyCall, { readonly $case: Case }>;

/** The answer to a call of one kind; undefined where there is nothing to say. */
export type ShardAnswerOf<Case extends ShardCallCase> = Case extends AnyAnswer['$case']
  ? Extract<AnyAnswer, { readonly $case: Case }>['value']
  : undefined;

/** The shards that each call is for. */
export const SHARD_KIND_OF_CALL: Readonly<Record<ShardCallCase, ShardKindName>> = {
  commitOffsets: 'groups',
  fetchOffsets: 'groups',
  stageOffsets: 'groups',
  endStagedOffsets: 'groups',
  listGroups: 'groups',
  describeGroup: 'groups',
  deleteGroup: 'groups',
  deleteOffsets: 'groups',
  beginSession: 'transactions',
  addToTransaction: 'transactions',
  endTransaction: 'transactions',
  listTransactions: 'transactions',
  describeTransaction: 'transactions',
  abortTransaction: 'transactions',
};

export interface ShardCallOptions {
  /** On whose behalf; its namespace is that of the name. */
  readonly origin: CallOrigin;
  /** How long the caller waits, over all attempts. */
  readonly timeoutMs: number;
}

/**
 * The way to the owners of coordinator shards. Calls are sent again, to the owner that the metadata names by then, when the
 * owner has moved, is loading, or the stream to it broke: every call may be carried out twice.
 */
export interface ShardCalls {
  /**
   * Calls the shard of a group or a transactional id, which is in the namespace of `options.origin`.
   *
   * @throws MoldauError what the call answers; NOT_ENOUGH_BROKERS, COORDINATOR_NOT_AVAILABLE, COORDINATOR_LOADING,
   *   SHARD_OVERLOADED: nothing was done; REQUEST_TIMED_OUT: perhaps it was
   */
  callNamed<Case extends ShardCallCase>(name: string, call: ShardCallOf<Case>, options: ShardCallOptions): Promise<ShardAnswerOf<Case>>;
  /** The same for a shard by its number. */
  callShard<Case extends ShardCallCase>(shard: number, call: ShardCallOf<Case>, options: ShardCallOptions): Promise<ShardAnswerOf<Case>>;
  /** Shards of each kind; 0 while the metadata is not known. */
  shards(): number;
  /** The shard of a name. */
  shardOf(namespace: string, name: string): number;
  /** Whether there are any shards of the kind yet; a call makes them. What only lists need not. */
  exist(kind: ShardKindName): boolean;
  /** Opens a membership at the shard of a group, and again wherever the shard is owned, until it is closed. */
  openMember(namespace: string, groupId: string, events: MemberLinkEvents): MemberLink;
}

/** What the owner of the shard and the way to it tell a membership. */
export interface MemberLinkEvents {
  /**
   * A stream to the owner is open and the membership is new there: answers with the join to send, from the member's newest
   * state. Runs again after each `interrupted`.
   */
  join(): Omit<MemberJoin, 'shard'>;
  /** What the member is told. After `ended` the link is closed; those that only mean another owner never come here. */
  notice(notice: NonNullable<MemberNotice['notice']>): void;
  /** The stream broke or the shard has moved: what was sent and not answered may be lost. */
  interrupted(): void;
}

/** A membership on the stream to the owner of its shard. */
export interface MemberLink {
  /** False, and nothing is sent, while there is no stream to the owner: `join` comes when there is one again. */
  send(frame: Exclude<NonNullable<MemberFrame['frame']>, { readonly $case: 'join' }>): boolean;
  /** Nothing more is told; unless the member has left, its owner hears that its stream broke. Idempotent. */
  close(): void;
}
