import {
  DrainAction,
  ElectionType,
  itemToError,
  type PartitionDescription,
  PartitionFilter,
  type PartitionReassignment,
  type PartitionResult,
  type PartitionSelector,
} from '@moldau/protocol';
import type { PartitionCondition, PartitionName, PartitionOutcome, PartitionPlacement, Reassignment } from './placement-types.ts';

export const WIRE_FILTERS: Readonly<Record<PartitionCondition, PartitionFilter>> = {
  'under-replicated': PartitionFilter.UNDER_REPLICATED,
  'under-min-isr': PartitionFilter.UNDER_MIN_ISR,
  offline: PartitionFilter.OFFLINE,
  reassigning: PartitionFilter.REASSIGNING,
  'not-preferred': PartitionFilter.NOT_PREFERRED,
};

export const WIRE_ELECTIONS = { preferred: ElectionType.PREFERRED, unclean: ElectionType.UNCLEAN } as const;

export const WIRE_DRAINS = { start: DrainAction.START, cancel: DrainAction.CANCEL, describe: DrainAction.UNSPECIFIED } as const;

export function wirePartition({ topic, partition }: PartitionName): PartitionSelector {
  return { topic: { selector: { $case: 'name', value: topic } }, partition };
}

export function wireReassignment(reassignment: Reassignment): PartitionReassignment {
  const { replicas } = reassignment;
  return { partition: wirePartition(reassignment), replicas: replicas === 'cancel' ? undefined : { brokerIds: [...replicas] } };
}

export function partitionPlacement(description: PartitionDescription): PartitionPlacement {
  const { leaderId, lossyEpoch, ...rest } = description;
  return { ...rest, leaderId, lossyEpoch };
}

/** A result under the name that was asked for. */
export function partitionOutcome({ topicId, error }: PartitionResult, asked: PartitionName | undefined): PartitionOutcome {
  const { topic = '', partition = 0 } = asked ?? {};
  return { topic, partition, topicId, error: error === undefined ? undefined : itemToError(error) };
}
