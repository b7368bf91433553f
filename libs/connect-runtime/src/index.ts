export { ConnectWorker } from './node/connect-worker.ts';
export { connectorHandlers } from './node/grpc/connector-handlers.ts';
export { restRoutes } from './node/rest/rest-routes.ts';
export { openRestServer, type RestServer } from './node/rest/rest-server.ts';
export type { PluginModule } from './node/thread/thread-messages.ts';
export type { ConnectWorkerOptions } from './node/worker-options.ts';
