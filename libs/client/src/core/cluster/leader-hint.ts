import { MoldauError } from '@moldau/kernel';
import type { BrokerView, PartitionView, TopicView } from './metadata-view.ts';

/** Who leads a partition, as a broker said that was asked in vain. */
export interface LeaderHint {
  readonly leaderId: number;
  readonly leaderEpoch: number;
  /** `host:port`; undefined when the broker does not know it. */
  readonly address: string | undefined;
}

const NUMBER = /^\d{1,10}$/;

/** The leader that an error's facts name (`leader`, `leader_epoch`, `leader_address`); undefined when they name none with its epoch. */
export function leaderHintOf({ facts }: MoldauError): LeaderHint | undefined {
  const { leader, leader_epoch: epoch, leader_address: address } = facts;
  if (leader === undefined || epoch === undefined || !NUMBER.test(leader) || !NUMBER.test(epoch)) return undefined;
  return { leaderId: Number(leader), leaderEpoch: Number(epoch), address };
}

/** The topic with the leader that the hint names; undefined when the hint is not newer than what is known. */
export function withLeader(view: TopicView, partition: number, { leaderId, leaderEpoch }: LeaderHint): TopicView | undefined {
  const known = view.partitions[partition];
  if (known === undefined || leaderEpoch <= known.leaderEpoch) return undefined;
  const partitions: PartitionView[] = [...view.partitions];
  partitions[partition] = { leaderId, leaderEpoch, replicaIds: known.replicaIds };
  return { ...view, partitions };
}

/** The broker of a hint, where the metadata does not know it yet. */
export function hintedBroker({ leaderId, address }: LeaderHint): BrokerView | undefined {
  return address === undefined ? undefined : { brokerId: leaderId, address, rack: undefined };
}

/** Nobody leads the partition for now. */
export function leaderlessError({ topic, partition }: { readonly topic: string; readonly partition: number }): MoldauError {
  return new MoldauError('LEADER_NOT_AVAILABLE', `${topic}-${partition} has no leader`, { topic, partition: String(partition) });
}
