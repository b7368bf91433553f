import { fileURLToPath } from 'node:url';
import { type Broker, createBroker, type ListenerEndpoint } from '@moldau/broker';
import type { MetadataStore } from '@moldau/cluster';
import { createEmbeddedMetadataStore } from '@moldau/cluster-embedded';
import { type Coordinator, createCoordinator } from '@moldau/coordinator';
import { brokerId, coordinatorId, type DiskLock, type Logger, type Meter } from '@moldau/kernel';
import {
  type AdminHttpServer,
  createAdminHttpServer,
  createGrpcServer,
  createInProcessNetwork,
  createNodeClock,
  createNodeCompute,
  createNodeDisk,
  createNodeIds,
  createNodeRandom,
  createNodeScheduler,
  type GrpcServer,
} from '@moldau/platform-node';
import { PROTO_ROOT, PUBLIC_PROTO_FILES } from '@moldau/protocol';
import {
  advertisedAddress,
  type Configuration,
  createAdminRoutes,
  type ServiceContext,
  SOFTWARE_VERSION,
  type STANDALONE_SETTINGS,
  watchReadiness,
} from '@moldau/service';
import { lockDataDirectory } from './data-directory.ts';

export type StandaloneSettings = typeof STANDALONE_SETTINGS;

/** The coordinator's address on the network within the process. */
const COORDINATOR_ADDRESS = 'standalone:9093';
/** With one broker there is one replica, and it is enough. */
const FIXED_CONFIGS = new Map([
  ['default.replication.factor', '1'],
  ['min.insync.replicas', '1'],
]);
/** Heartbeats cost a turn of the event loop here, and the start and the stop each wait for one. */
const HEARTBEAT_INTERVAL_MS = 100;
/** How long calls under way may take to end once the broker has answered what it owed. */
const SHUTDOWN_GRACE_MS = 1000;

/** The parts of a standalone, put together and listening, not yet started. */
export interface AssembledStandalone {
  readonly broker: Broker;
  readonly coordinator: Coordinator;
  /** What clients are told, and what is listened on. */
  readonly advertised: ListenerEndpoint;
  readonly listening: ListenerEndpoint;
  readonly admin: AdminHttpServer;
  setServing(serving: boolean): void;
  shutdown(): Promise<void>;
}

interface Ports {
  readonly clock: ReturnType<typeof createNodeClock>;
  readonly scheduler: ReturnType<typeof createNodeScheduler>;
  readonly random: ReturnType<typeof createNodeRandom>;
  readonly ids: ReturnType<typeof createNodeIds>;
  readonly disk: ReturnType<typeof createNodeDisk>;
  readonly logger: Logger;
  readonly meter: Meter;
}

/** Something to undo when a later step fails, or at shutdown: last done, first undone. */
type Undo = () => Promise<void> | void;

/**
 * Takes the data directory and the ports, and puts coordinator and broker together over a network within the process.
 *
 * @throws MoldauError ADDRESS_IN_USE, DATA_DIRECTORY_LOCKED, DATA_DIRECTORY_UNUSABLE, CORRUPT_LOG, INVALID_CONFIG
 */
export async function assembleStandalone(context: ServiceContext<StandaloneSettings>): Promise<AssembledStandalone> {
  const undo: Undo[] = [];
  const undoAll = async (): Promise<void> => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    return { ...(await assemble(context, (step) => void undo.push(step))), shutdown: undoAll };
  } catch (error) {
    await undoAll();
    throw error;
  }
}

async function assemble(
  context: ServiceContext<StandaloneSettings>,
  later: (undo: Undo) => void,
): Promise<Omit<AssembledStandalone, 'shutdown'>> {
  const { configuration, log, meter, readiness } = context;
  const ports: Ports = {
    clock: createNodeClock(),
    scheduler: createNodeScheduler(),
    random: createNodeRandom(),
    ids: createNodeIds(),
    disk: createNodeDisk(),
    logger: log,
    meter,
  };
  const lock: DiskLock = await lockDataDirectory(ports.disk, configuration.dataDir);
  later(() => lock.release());
  const network = createInProcessNetwork();
  const endpoints = new Map<string, ListenerEndpoint>();
  const broker = createBroker(
    { ...ports, compute: createNodeCompute(), connector: network.connector },
    { ...brokerOptions(configuration), endpoints: () => endpoints },
  );
  const server = createGrpcServer({ logger: log, reflection: { protoRoot: fileURLToPath(PROTO_ROOT), files: PUBLIC_PROTO_FILES } });
  const { host, adminHost, adminPort, advertisedHost, advertisedPort } = configuration;
  const { port } = await server.serve(broker.clientHandlers, { name: 'client', host, port: configuration.port });
  later(() => server.shutdown(SHUTDOWN_GRACE_MS));
  const advertised = advertisedAddress({ host, port, advertisedHost, advertisedPort });
  endpoints.set('client', advertised);
  const admin = await createAdminHttpServer({
    host: adminHost,
    port: adminPort,
    routes: createAdminRoutes({ log, meter, readiness }),
    logger: log,
  });
  later(() => admin.close());
  const store = await createEmbeddedMetadataStore(ports, { directory: `${configuration.dataDir}/metadata` });
  later(() => store.close());
  const coordinator = startCoordinator(ports, store);
  later(() => coordinator.stop());
  const coordinatorServer = network.serve(COORDINATOR_ADDRESS, 'internal', coordinator.handlers);
  later(() => coordinatorServer.close());
  later(() => broker.shutdown());
  watch(context, server, broker, later);
  return { broker, coordinator, advertised, listening: { host, port }, admin, setServing: (serving) => server.setServing('', serving) };
}

function startCoordinator(ports: Ports, store: MetadataStore): Coordinator {
  const options = {
    coordinatorId: coordinatorId('standalone'),
    address: COORDINATOR_ADDRESS,
    softwareVersion: SOFTWARE_VERSION,
    fixedConfigs: FIXED_CONFIGS,
    heartbeatIntervalMs: HEARTBEAT_INTERVAL_MS,
  };
  const coordinator = createCoordinator({ ...ports, store }, options);
  coordinator.start();
  return coordinator;
}

function watch(context: ServiceContext<StandaloneSettings>, server: GrpcServer, broker: Broker, later: (undo: Undo) => void): void {
  context.readiness.add('broker', () => {
    const state = broker.readiness();
    return state.ready ? undefined : state.reasons.join('; ');
  });
  const watching = watchReadiness(context.readiness, (ready) => server.setServing('', ready));
  later(() => {
    watching.stop();
    server.setServing('', false);
  });
}

function brokerOptions(configuration: Configuration<StandaloneSettings>): Omit<Parameters<typeof createBroker>[1], 'endpoints'> {
  return {
    brokerId: brokerId(configuration.brokerId),
    dataDirectory: configuration.dataDir,
    coordinators: [COORDINATOR_ADDRESS],
    softwareVersion: SOFTWARE_VERSION,
    storage: { tailCacheBytes: configuration.tailCacheBytes },
    produceBudgetBytes: configuration.produceBudgetBytes,
    fetchBudgetBytes: configuration.fetchBudgetBytes,
  };
}
