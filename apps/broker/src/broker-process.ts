import { fileURLToPath } from 'node:url';
import { type Broker, type BrokerDeps, type BrokerOptions, createBroker, type ListenerEndpoint } from '@moldau/broker';
import { brokerId } from '@moldau/kernel';
import {
  createAdminHttpServer,
  createGrpcConnector,
  createGrpcServer,
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
  BROKER_SETTINGS,
  type Configuration,
  createAdminRoutes,
  formatAddress,
  type RunningService,
  type ServiceContext,
  type ServiceDefinition,
  SOFTWARE_VERSION,
  watchReadiness,
} from '@moldau/service';

type Settings = typeof BROKER_SETTINGS;

/** Messages between services: the largest batch and what goes with it. */
const INTERNAL_RECEIVE_BYTES_MAX = 64 * 2 ** 20;
/** How long calls under way may take to end once the broker has answered what it owed. */
const SHUTDOWN_GRACE_MS = 1000;

/** The broker's process: a listener for clients, one for other services, and coordinators to find the cluster by. */
export const BROKER_PROCESS: ServiceDefinition<Settings> = { name: 'broker', settings: BROKER_SETTINGS, start: startBroker };

async function startBroker(context: ServiceContext<Settings>): Promise<RunningService> {
  const { configuration, log, meter, readiness } = context;
  let endpoints: ReadonlyMap<string, ListenerEndpoint> = new Map();
  const broker = createBroker(createPorts(context), { ...brokerOptions(configuration), endpoints: () => endpoints });
  readiness.add('broker', () => {
    const state = broker.readiness();
    return state.ready ? undefined : state.reasons.join('; ');
  });
  const server = createGrpcServer({ logger: log, reflection: { protoRoot: fileURLToPath(PROTO_ROOT), files: PUBLIC_PROTO_FILES } });
  endpoints = await listen(server, broker, configuration);
  const { adminHost: host, adminPort: port } = configuration;
  const admin = await createAdminHttpServer({ host, port, routes: createAdminRoutes({ log, meter, readiness }), logger: log });
  const watch = watchReadiness(readiness, (ready) => server.setServing('', ready));
  const addresses = [...endpoints].map(([name, endpoint]) => `${name} ${formatAddress(endpoint)}`);
  log.info('listening', { addresses, admin: admin.address });
  return {
    failed: failureOf(broker),
    async shutdown(): Promise<void> {
      watch.stop();
      server.setServing('', false);
      await broker.shutdown();
      await server.shutdown(SHUTDOWN_GRACE_MS);
      await admin.close();
    },
  };
}

/** Starts the broker; rejects when it can't start or can't go on. Starting may take as long as no coordinator answers. */
function failureOf(broker: Broker): Promise<never> {
  return new Promise((_, reject) => {
    broker.onFatal(reject);
    broker.start().catch(reject);
  });
}

function createPorts({ log, meter }: ServiceContext<Settings>): BrokerDeps {
  return {
    clock: createNodeClock(),
    scheduler: createNodeScheduler(),
    random: createNodeRandom(),
    ids: createNodeIds(),
    disk: createNodeDisk(),
    compute: createNodeCompute(),
    connector: createGrpcConnector({ maxReceiveBytes: INTERNAL_RECEIVE_BYTES_MAX, userAgent: `moldau-broker/${SOFTWARE_VERSION}` }),
    logger: log,
    meter,
  };
}

function brokerOptions(configuration: Configuration<Settings>): Omit<BrokerOptions, 'endpoints'> {
  return {
    brokerId: brokerId(configuration.brokerId),
    dataDirectory: configuration.dataDir,
    coordinators: configuration.coordinators,
    softwareVersion: SOFTWARE_VERSION,
    storage: { tailCacheBytes: configuration.tailCacheBytes },
    produceBudgetBytes: configuration.produceBudgetBytes,
    fetchBudgetBytes: configuration.fetchBudgetBytes,
    ...(configuration.rack === undefined ? {} : { rack: configuration.rack }),
  };
}

/** Binds both listeners; answers with where others reach them. */
async function listen(
  server: GrpcServer,
  broker: Broker,
  configuration: Configuration<Settings>,
): Promise<ReadonlyMap<string, ListenerEndpoint>> {
  const { clientHost, internalHost, clientAdvertisedHost, clientAdvertisedPort, internalAdvertisedHost, internalAdvertisedPort } =
    configuration;
  const client = await server.serve(broker.clientHandlers, { name: 'client', host: clientHost, port: configuration.clientPort });
  const internal = await server.serve(broker.internalHandlers, {
    name: 'internal',
    host: internalHost,
    port: configuration.internalPort,
    limits: { maxReceiveBytes: INTERNAL_RECEIVE_BYTES_MAX },
  });
  const clientOptions = { host: clientHost, port: client.port, advertisedHost: clientAdvertisedHost, advertisedPort: clientAdvertisedPort };
  const internalOptions = {
    host: internalHost,
    port: internal.port,
    advertisedHost: internalAdvertisedHost,
    advertisedPort: internalAdvertisedPort,
  };
  return new Map([
    ['client', advertisedAddress(clientOptions)],
    ['internal', advertisedAddress(internalOptions)],
  ]);
}
