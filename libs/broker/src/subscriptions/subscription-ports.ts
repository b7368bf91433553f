import type { Clock, Compute, Logger, MoldauError, Random, Scheduler } from '@moldau/kernel';
import type { CommittedOffset, MembershipJoin, SubscribeResponse } from '@moldau/protocol';
import type { FetchMetrics } from '../fetch/fetch-metrics.ts';
import type { ReadIsolation } from '../fetch/isolation.ts';
import type { ReadSource } from '../gateway/read-source.ts';
import type { MemberSession, MemberSessionEvents } from '../groups/member-session.ts';
import type { Slots } from '../limits/slots.ts';
import type { TurnShare } from '../limits/turn-share.ts';
import type { RequestContext } from '../request/request-context.ts';
import type { HeldPartition } from './held-partition.ts';

/** A membership at the owner of the group. */
export type SubscribedMember = Pick<MemberSession, 'open' | 'hear' | 'close'>;

/** What a subscription needs of the broker. */
export interface SubscriptionPorts {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly logger: Logger;
  readonly compute: Compute;
  readonly share: TurnShare;
  readonly decoding: Slots;
  readonly metrics: FetchMetrics;
  member(join: MembershipJoin, context: RequestContext, events: MemberSessionEvents): SubscribedMember;
  /**
   * What the group has committed, as FetchOffsets says it.
   *
   * @throws MoldauError those of GroupService.FetchOffsets (by rejection)
   */
  committed(
    join: MembershipJoin,
    memberEpoch: number,
    partitions: readonly HeldPartition[],
    context: RequestContext,
  ): Promise<readonly CommittedOffset[]>;
  /** @throws MoldauError UNKNOWN_TOPIC, UNKNOWN_PARTITION, NOT_LEADER */
  source(partition: HeldPartition, isolation: ReadIsolation, context: RequestContext): ReadSource;
}

export type SubscribeFrame = NonNullable<SubscribeResponse['frame']>;

/** The client's end of a subscription. */
export interface SubscriptionSink {
  /** False: it is full; nothing more is delivered until `Subscription.drained`. */
  send(frame: SubscribeFrame): boolean;
  end(error?: MoldauError): void;
}
