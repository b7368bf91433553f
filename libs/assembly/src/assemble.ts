import { fileURLToPath } from 'node:url';
import { createAdminHttpServer, createGrpcServer, type GrpcServer } from '@moldau/platform-node';
import { PROTO_ROOT, PUBLIC_PROTO_FILES } from '@moldau/protocol';
import {
  createAdminRoutes,
  type ReadinessWatch,
  type ServiceContext,
  type ServiceSettings,
  watchCondition,
  watchReadiness,
} from '@moldau/service';
import { createNodePorts, type NodePorts } from './node-ports.ts';
import { createUndoStack, type Undo } from './undo-stack.ts';

/** How long calls under way may take to end once the parts behind the listeners have answered what they owed. */
const SHUTDOWN_GRACE_MS = 1000;

/** What the steps of an app work with. Whatever they open here is closed at shutdown, last opened first. */
export interface Assembly {
  /** For all parts of the service: what waits for the next turn of the event loop waits together. */
  readonly ports: NodePorts;
  /** To be undone at shutdown, or when a later step fails. */
  later(undo: Undo): void;
  /** Opens the admin HTTP server; answers with its `host:port`. @throws MoldauError ADDRESS_IN_USE, INVALID_CONFIG */
  openAdmin(): Promise<string>;
  /**
   * A server without listeners yet. `public` ones serve reflection of the public API. Once everything is assembled, gRPC's
   * health service says SERVING while the service is ready.
   */
  createServer(audience: 'public' | 'internal'): GrpcServer;
  /** Has gRPC's health service say of this name, too, whether it holds, on all servers; looked at five times a second. */
  tellHealth(name: string, holds: () => boolean): void;
  /** Looks at readiness now instead of within the next fifth of a second: for the moment a part has become ready. */
  readinessChanged(): void;
}

/** The outcome of the steps, and the way to stop it. */
export type Assembled<Parts> = Parts & {
  /** Undoes all steps, last first; idempotent. */
  shutdown(): Promise<void>;
};

/** Runs an app's steps; when one fails, undoes those before it and fails as it did. */
export async function assemble<Declared extends ServiceSettings, Parts extends object>(
  context: ServiceContext<Declared>,
  steps: (assembly: Assembly) => Promise<Parts>,
): Promise<Assembled<Parts>> {
  const undo = createUndoStack();
  const health = trackHealth(context);
  const assembly: Assembly = {
    ports: createNodePorts(),
    later: (step) => undo.push(step),
    async openAdmin(): Promise<string> {
      const admin = await openAdminServer(context);
      undo.push(() => admin.close());
      return admin.address;
    },
    createServer(audience): GrpcServer {
      const server = createServer(context, audience);
      undo.push(() => server.shutdown(SHUTDOWN_GRACE_MS));
      health.follow(server);
      return server;
    },
    tellHealth: (name, holds) => health.tell(name, holds),
    readinessChanged: () => health.look(),
  };
  try {
    const parts = await steps(assembly);
    undo.push(() => health.stop());
    health.begin();
    return { ...parts, shutdown: () => undo.undoAll() };
  } catch (error) {
    await undo.undoAll().catch((failure: unknown) => context.log.warn('could not give everything back', { error: failure }));
    throw error;
  }
}

function openAdminServer<Declared extends ServiceSettings>(context: ServiceContext<Declared>): ReturnType<typeof createAdminHttpServer> {
  const { configuration, log, meter, readiness } = context;
  // The type of a generic configuration does not say what every process has.
  const { adminHost: host, adminPort: port } = configuration as { readonly adminHost: string; readonly adminPort: number };
  return createAdminHttpServer({ host, port, routes: createAdminRoutes({ log, meter, readiness }), logger: log });
}

function createServer<Declared extends ServiceSettings>(context: ServiceContext<Declared>, audience: 'public' | 'internal'): GrpcServer {
  const logger = context.log;
  if (audience === 'internal') return createGrpcServer({ logger });
  return createGrpcServer({ logger, reflection: { protoRoot: fileURLToPath(PROTO_ROOT), files: PUBLIC_PROTO_FILES } });
}

/** Under this name gRPC's health service says SERVING as long as the process answers: a sign of life. */
const LIVE = 'live';

/** gRPC's health service of all servers: under '' as the service's readiness says, besides the names that parts have. */
interface Health {
  follow(server: GrpcServer): void;
  tell(name: string, holds: () => boolean): void;
  begin(): void;
  look(): void;
  stop(): void;
}

function trackHealth<Declared extends ServiceSettings>({ readiness }: ServiceContext<Declared>): Health {
  const servers: GrpcServer[] = [];
  const watches: ReadinessWatch[] = [];
  const set = (name: string, serving: boolean): void => {
    for (const server of servers) server.setServing(name, serving);
  };
  const named = new Map<string, () => boolean>();
  let begun = false;
  readiness.add('assembly', () => (begun ? undefined : 'the parts of the service are being put together'));
  return {
    follow(server): void {
      servers.push(server);
      server.setServing(LIVE, true);
    },
    tell: (name, holds) => void named.set(name, holds),
    begin(): void {
      begun = true;
      watches.push(watchReadiness(readiness, (ready) => set('', ready)));
      for (const [name, holds] of named) watches.push(watchCondition(holds, (held) => set(name, held)));
    },
    look(): void {
      for (const watch of watches) watch.look();
    },
    stop(): void {
      for (const watch of watches) watch.stop();
      for (const name of ['', ...named.keys()]) set(name, false);
    },
  };
}
