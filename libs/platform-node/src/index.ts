export {
  type AdminHttpOptions,
  type AdminHttpServer,
  type AdminRequest,
  type AdminResponse,
  type AdminRoutes,
  createAdminHttpServer,
} from './admin/admin-http-server.ts';
export { createNodeCompute, type NodeComputeOptions } from './compute/node-compute.ts';
export { createNodeDisk } from './disk/node-disk.ts';
export { type ClientTls, createGrpcConnector, type GrpcConnectorOptions } from './grpc/grpc-connector.ts';
export { type BoundListener, createGrpcServer, type GrpcServer, type GrpcServerOptions } from './grpc/grpc-server.ts';
export type { ListenerLimits, ListenerOptions, ServerTls } from './grpc/listener-options.ts';
export type { ReflectionOptions } from './grpc/reflection.ts';
export {
  createInProcessNetwork,
  type InProcessNetwork,
  type InProcessOptions,
  type InProcessServer,
} from './in-process/in-process-network.ts';
export { createNodeIds, createNodeRandom } from './random/node-random.ts';
export { createNodeClock } from './time/node-clock.ts';
export { createNodeScheduler } from './time/node-scheduler.ts';
