import type { CallHandlers, Logger } from '@moldau/kernel';
import { HealthImplementation } from 'grpc-health-check';
import { createCallInterceptor, registerPaths } from './call-interceptor.ts';
import { fillLimits, type ListenerOptions } from './listener-options.ts';
import { bind, createListeningServer, type ListeningServer } from './listening-server.ts';
import { createReflection, type ReflectionOptions } from './reflection.ts';

export interface GrpcServerOptions {
  readonly logger: Logger;
  /** Describes these .proto files to callers (grpc.reflection v1 and v1alpha), on every listener; default off. */
  readonly reflection?: ReflectionOptions;
}

export interface BoundListener {
  readonly name: string;
  /** The port, also where 0 was asked for. */
  readonly port: number;
  /** `host:port` as bound. */
  readonly address: string;
}

/** gRPC services of a process: one or more listeners, each with its own methods and limits. */
export interface GrpcServer {
  /**
   * Listens, and answers calls of these methods, `grpc.health.v1.Health` and reflection.
   *
   * @throws MoldauError ADDRESS_IN_USE, INVALID_CONFIG
   */
  serve(handlers: CallHandlers, listener: ListenerOptions): Promise<BoundListener>;
  /** What `grpc.health.v1` says of a service; '' is the process. Unknown until set. */
  setServing(service: string, serving: boolean): void;
  /** Takes no more calls, lets those under way finish for `graceMs`, then breaks them. Idempotent. */
  shutdown(graceMs: number): Promise<void>;
}

export function createGrpcServer(options: GrpcServerOptions): GrpcServer {
  const { logger } = options;
  const health = new HealthImplementation();
  const reflection = options.reflection === undefined ? undefined : createReflection(options.reflection);
  const servers: ListeningServer[] = [];
  let stopped: Promise<void> | undefined;
  return {
    async serve(handlers, listener) {
      const limits = fillLimits(listener.limits);
      const interceptor = createCallInterceptor({ handlers, listener: listener.name, logger, ...limits });
      const listening = createListeningServer(limits, interceptor, logger);
      const { server } = listening;
      registerPaths(server, handlers);
      health.addToServer(server);
      reflection?.addToServer(server);
      const port = await bind(server, listener);
      servers.push(listening);
      return { name: listener.name, port, address: `${listener.host}:${port}` };
    },
    setServing: (service, serving) => health.setStatus(service, serving ? 'SERVING' : 'NOT_SERVING'),
    shutdown(graceMs) {
      stopped ??= Promise.all(servers.map((server) => stop(server, graceMs))).then(() => undefined);
      return stopped;
    },
  };
}

async function stop({ server, breakConnections }: ListeningServer, graceMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  await new Promise<void>((resolve) => {
    server.tryShutdown(() => resolve());
    timer = setTimeout(() => {
      server.forceShutdown();
      breakConnections();
      resolve();
    }, graceMs);
  });
  clearTimeout(timer);
}
