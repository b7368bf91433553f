import { adminService } from '@moldau/protocol';
import { type RegisteredMethod, rawUnary } from '../request/registered-method.ts';
import type { Forwarder } from '../session/forwarder.ts';

/** What operators ask of the cluster's brokers and replicas: the controller answers, from the newest metadata. */
export function controllerCalls(forwarder: Forwarder): readonly RegisteredMethod[] {
  const { describePartitions, cordonBroker, uncordonBroker, drainBroker, removeBroker } = adminService;
  const { alterPartitionReassignments, listPartitionReassignments, electLeaders } = adminService;
  const forward: Parameters<typeof rawUnary>[1] = (bytes, context) => forwarder.forward(bytes, context);
  return [
    rawUnary(describePartitions, forward),
    rawUnary(cordonBroker, forward),
    rawUnary(uncordonBroker, forward),
    rawUnary(drainBroker, forward),
    rawUnary(removeBroker, forward),
    rawUnary(alterPartitionReassignments, forward),
    rawUnary(listPartitionReassignments, forward),
    rawUnary(electLeaders, forward),
  ];
}
