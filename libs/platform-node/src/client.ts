// What a client needs of it, and nothing that only servers load: their health, reflection and HTTP packages are half of what a
// program, or a thread for each connector's task, would load to start.
export { createNodeCompute, type NodeComputeOptions } from './compute/node-compute.ts';
export { type ClientTls, createGrpcConnector, type GrpcConnectorOptions } from './grpc/grpc-connector.ts';
export { createNodeIds, createNodeRandom } from './random/node-random.ts';
export { createNodeClock } from './time/node-clock.ts';
export { createNodeScheduler } from './time/node-scheduler.ts';
