export {
  type AdminHttpOptions,
  type AdminHttpServer,
  type AdminRequest,
  type AdminResponse,
  type AdminRoutes,
  createAdminHttpServer,
} from './admin/admin-http-server.ts';
export {
  type ClientTls,
  createGrpcConnector,
  createNodeClock,
  createNodeCompute,
  createNodeIds,
  createNodeRandom,
  createNodeScheduler,
  type GrpcConnectorOptions,
  type NodeComputeOptions,
} from './client.ts';
export { createNodeDisk } from './disk/node-disk.ts';
export { type BoundListener, createGrpcServer, type GrpcServer, type GrpcServerOptions } from './grpc/grpc-server.ts';
export type { ListenerLimits, ListenerOptions, ServerTls } from './grpc/listener-options.ts';
export type { ReflectionOptions } from './grpc/reflection.ts';
export {
  createInProcessNetwork,
  type InProcessNetwork,
  type InProcessOptions,
  type InProcessServer,
} from './in-process/in-process-network.ts';
