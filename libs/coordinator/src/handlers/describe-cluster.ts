import type { DescribeClusterResponse } from '@moldau/protocol';
import type { RequestContext } from './request-context.ts';

/** DescribeCluster: brokers with the endpoints of the client's listener, coordinators, features, and how much there is. */
export function describeCluster(context: RequestContext): DescribeClusterResponse {
  const image = context.keeper.image();
  const topics = [...image.topics.values()].filter((topic) => topic.namespace === context.namespace);
  const brokers = [...image.brokers.values()].sort((left, right) => left.brokerId - right.brokerId);
  const coordinators = [...image.coordinators.values()].sort((left, right) => (left.coordinatorId < right.coordinatorId ? -1 : 1));
  return {
    clusterId: image.cluster?.clusterId ?? '',
    metadataVersion: image.version,
    brokers: brokers.map((broker) => {
      const { brokerId, rack, fenced, brokerEpoch, softwareVersion, cordoned, draining, shuttingDown, slowDisk } = broker;
      const { host, port } = broker.endpoints.get(context.listener) ?? { host: '', port: 0 };
      return { broker: { brokerId, host, port, rack }, fenced, brokerEpoch, softwareVersion, cordoned, draining, shuttingDown, slowDisk };
    }),
    coordinators: coordinators.map(({ coordinatorId, address }) => ({
      coordinatorId,
      address,
      controller: image.controller?.coordinatorId === coordinatorId,
    })),
    features: new Map(image.features?.levels),
    topics: topics.filter((topic) => topic.readyPartitions > 0).length,
    partitions: topics.reduce((sum, topic) => sum + topic.readyPartitions, 0),
  };
}
