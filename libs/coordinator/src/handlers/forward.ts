import { listTopics } from '@moldau/cluster';
import { MoldauError, parseNamespace } from '@moldau/kernel';
import { adminService, decodeMessage, encodeMessage, type ForwardRequest, type ForwardResponse, type Method } from '@moldau/protocol';
import { addPartitions } from './add-partitions.ts';
import { alterConfigs } from './alter-configs.ts';
import { alterPartitionReassignments } from './alter-partition-reassignments.ts';
import { cordonBroker, uncordonBroker } from './cordon-broker.ts';
import { createTopics } from './create-topics.ts';
import { deleteTopics } from './delete-topics.ts';
import { describeCluster } from './describe-cluster.ts';
import { describeConfigs } from './describe-configs.ts';
import { describePartitions, listPartitionReassignments } from './describe-partitions.ts';
import { describeTopics } from './describe-topics.ts';
import { drainBroker } from './drain-broker.ts';
import { electLeaders } from './elect-leaders.ts';
import { removeBroker } from './remove-broker.ts';
import type { RequestContext } from './request-context.ts';

type ForwardedHandler = (payload: Uint8Array, context: RequestContext) => Promise<Uint8Array>;

/** Client calls that the controller answers, by path. A path that is not here is refused, whatever the broker says. */
const FORWARDED: ReadonlyMap<string, ForwardedHandler> = new Map([
  entry(adminService.createTopics, createTopics),
  entry(adminService.deleteTopics, deleteTopics),
  entry(adminService.listTopics, (request, { keeper, namespace }) => listTopics(keeper.image(), namespace, request)),
  entry(adminService.describeTopics, describeTopics),
  entry(adminService.addPartitions, addPartitions),
  entry(adminService.describeConfigs, describeConfigs),
  entry(adminService.alterConfigs, alterConfigs),
  entry(adminService.describeCluster, (_, context) => describeCluster(context)),
  entry(adminService.describePartitions, describePartitions),
  entry(adminService.cordonBroker, cordonBroker),
  entry(adminService.uncordonBroker, uncordonBroker),
  entry(adminService.drainBroker, drainBroker),
  entry(adminService.removeBroker, removeBroker),
  entry(adminService.alterPartitionReassignments, alterPartitionReassignments),
  entry(adminService.listPartitionReassignments, listPartitionReassignments),
  entry(adminService.electLeaders, electLeaders),
]);

/** Forward: a client's call in an envelope that says who the client is. Rejects UNKNOWN_METHOD and the call's own errors. */
export async function forward(
  request: ForwardRequest,
  context: Omit<RequestContext, 'principal' | 'namespace' | 'listener'>,
): Promise<ForwardResponse> {
  const handler = FORWARDED.get(request.method);
  if (handler === undefined) throw new MoldauError('UNKNOWN_METHOD', `'${request.method}' is not forwarded`, { method: request.method });
  const { principal, listener } = request;
  const namespace = parseNamespace(request.namespace);
  return { payload: await handler(request.payload, { ...context, principal, listener, namespace }) };
}

function entry<Request, Response>(
  method: Method<Request, Response>,
  handle: (request: Request, context: RequestContext) => Promise<Response> | Response,
): [string, ForwardedHandler] {
  return [
    method.path,
    async (payload, context) => encodeMessage(method.response, await handle(decodeMessage(method.request, payload), context)),
  ];
}
