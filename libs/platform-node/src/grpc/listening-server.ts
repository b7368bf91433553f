import type { Http2SecureServer, Http2Server, ServerHttp2Session, ServerHttp2Stream, Settings } from 'node:http2';
import type { Socket } from 'node:net';
import { Server, ServerCredentials, type ServerInterceptor } from '@grpc/grpc-js';
import { assert, type Logger, MoldauError } from '@moldau/kernel';
import type { FullListenerLimits, ListenerOptions, ServerTls } from './listener-options.ts';
import { quietGrpc } from './quiet-grpc.ts';
import { UnreadGuard } from './unread-guard.ts';

/** What of grpc-js's server is private and yet the only way to HTTP/2's settings and sessions. */
interface ServerInternals {
  commonServerOptions: { settings?: Settings };
  createHttp2Server(credentials: ServerCredentials): Http2Server | Http2SecureServer;
}

export interface ListeningServer {
  readonly server: Server;
  /**
   * Closes every socket now. grpc-js's own force only half-closes a connection that was asked to drain before, and then
   * waits for its peer.
   */
  breakConnections(): void;
}

const ignore = (): void => {};

/**
 * A server of grpc-js for one listener, with what it has no options for: receive windows, a limit on metadata and on
 * connections, and an error handler on every session, stream and socket (an error nobody handles ends the process).
 */
export function createListeningServer(limits: FullListenerLimits, interceptor: ServerInterceptor, logger: Logger): ListeningServer {
  quietGrpc();
  const sockets = new Set<Socket>();
  const server = new Server({
    'grpc.max_receive_message_length': limits.maxReceiveBytes,
    'grpc.max_concurrent_streams': limits.maxConcurrentStreams,
    'grpc.keepalive_time_ms': limits.keepaliveMs,
    'grpc.keepalive_timeout_ms': limits.keepaliveTimeoutMs,
    ...(limits.maxConnectionAgeMs === undefined ? {} : { 'grpc.max_connection_age_ms': limits.maxConnectionAgeMs }),
    'grpc.max_connection_age_grace_ms': limits.maxConnectionAgeGraceMs,
    'grpc.enable_channelz': 0,
    interceptors: [interceptor],
  });
  const internals = server as unknown as ServerInternals;
  assert(
    typeof internals.commonServerOptions === 'object' && typeof internals.createHttp2Server === 'function',
    'this version of grpc-js builds its HTTP/2 server as 1.14 does',
  );
  internals.commonServerOptions.settings = {
    maxConcurrentStreams: limits.maxConcurrentStreams,
    initialWindowSize: limits.windowBytes,
    maxHeaderListSize: limits.maxMetadataBytes,
  };
  const createHttp2Server = internals.createHttp2Server.bind(server);
  internals.createHttp2Server = (credentials) => {
    const http2Server = createHttp2Server(credentials);
    watchHttp2Server(http2Server, sockets, limits, logger);
    return http2Server;
  };
  return {
    server,
    breakConnections: () => {
      for (const socket of sockets) socket.destroy();
    },
  };
}

function watchHttp2Server(
  http2Server: Http2Server | Http2SecureServer,
  sockets: Set<Socket>,
  limits: FullListenerLimits,
  logger: Logger,
): void {
  http2Server.maxConnections = limits.maxConnections;
  http2Server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', ignore);
    socket.once('close', () => sockets.delete(socket));
  });
  http2Server.on('sessionError', (error: Error) => logger.debug('HTTP/2 session failed', { error: error.message }));
  const guard = new UnreadGuard(limits.unreadBytesMax, logger);
  http2Server.on('session', (session: ServerHttp2Session) => {
    session.setLocalWindowSize(limits.windowBytes);
    guard.watch(session);
    session.on('error', ignore);
    session.on('stream', (stream: ServerHttp2Stream) => stream.on('error', ignore));
  });
}

/** @throws MoldauError ADDRESS_IN_USE; INVALID_CONFIG for an address this machine can't listen on */
export async function bind(server: Server, options: ListenerOptions): Promise<number> {
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  const address = `${host}:${options.port}`;
  return new Promise((resolve, reject) => {
    server.bindAsync(address, credentialsOf(options.tls), (error, port) => {
      if (error === null) resolve(port);
      else reject(bindError(address, options.name, error));
    });
  });
}

function bindError(address: string, listener: string, cause: Error): MoldauError {
  if (cause.message.includes('EADDRINUSE')) {
    return new MoldauError('ADDRESS_IN_USE', `another process listens on ${address}`, { address, listener }, { cause });
  }
  return new MoldauError('INVALID_CONFIG', `can't listen on ${address}: ${cause.message}`, { address, listener }, { cause });
}

function credentialsOf(tls: ServerTls | undefined): ServerCredentials {
  if (tls === undefined) return ServerCredentials.createInsecure();
  const pair = { private_key: tls.key, cert_chain: tls.certificate };
  return ServerCredentials.createSsl(tls.clientAuthority ?? null, [pair], tls.clientAuthority !== undefined);
}
