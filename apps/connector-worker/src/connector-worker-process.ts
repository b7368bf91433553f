import { setTimeout as sleep } from 'node:timers/promises';
import { type Assembly, assemble, listen } from '@moldau/assembly';
import { ConnectWorker, type ConnectWorkerOptions, connectorHandlers, openRestServer, restRoutes } from '@moldau/connect-runtime';
import { MoldauError } from '@moldau/kernel';
import { connectorService } from '@moldau/protocol';
import {
  advertisedAddress,
  CONNECTOR_WORKER_SETTINGS,
  createLateHandlers,
  formatAddress,
  type RunningService,
  type ServiceContext,
  type ServiceDefinition,
  SOFTWARE_VERSION,
} from '@moldau/service';
import { builtInPlugins } from './built-in-plugins.ts';

type Settings = typeof CONNECTOR_WORKER_SETTINGS;

/** The connector-worker's process: REST and gRPC in front, brokers behind. */
export const CONNECTOR_WORKER_PROCESS: ServiceDefinition<Settings> = {
  name: 'connector-worker',
  settings: CONNECTOR_WORKER_SETTINGS,
  start: startWorker,
};

async function startWorker(context: ServiceContext<Settings>): Promise<RunningService> {
  const { shutdown, worker } = await assemble(context, (assembly) => startParts(context, assembly));
  return { shutdown, failed: worker.failed };
}

/** Brokers that are started together with it come up within this; below the default of shutdownTimeoutMs, as a stop waits for the start. */
const BROKERS_WAIT_MS = 20_000;
const RETRY_MS = 1_000;

/** Starts the worker, once a broker answers. @throws MoldauError SERVER_UNREACHABLE when none does for so long */
async function startWhenReachable({ log }: ServiceContext<Settings>, options: ConnectWorkerOptions): Promise<ConnectWorker> {
  const until = performance.now() + BROKERS_WAIT_MS;
  for (;;) {
    try {
      return await ConnectWorker.start(options);
    } catch (caught) {
      const error = MoldauError.from(caught);
      if (error.reason !== 'SERVER_UNREACHABLE' || performance.now() >= until) throw error;
      log.info('waits for a broker', { reason: error.message });
      await sleep(RETRY_MS);
    }
  }
}

async function startParts(context: ServiceContext<Settings>, assembly: Assembly): Promise<{ readonly worker: ConnectWorker }> {
  const { configuration, log: logger, meter, readiness } = context;
  const admin = await assembly.openAdmin();
  const rest = await openRestServer({ host: configuration.restHost, port: configuration.restPort }, logger);
  assembly.later(() => rest.close());
  const restAddress = formatAddress(
    advertisedAddress({
      host: rest.host,
      port: rest.port,
      advertisedHost: configuration.restAdvertisedHost,
      advertisedPort: configuration.restAdvertisedPort,
    }),
  );
  const late = createLateHandlers([connectorService]);
  const { bound } = await listen(assembly.createServer('public'), 'client', late.handlers, {
    host: configuration.grpcHost,
    port: configuration.grpcPort,
    advertisedHost: undefined,
    advertisedPort: undefined,
  });
  const { bootstrap, namespace, groupId, pluginPath, replicationFactor, keyConverter, valueConverter, headerConverter, exactlyOnceSource } =
    configuration;
  const worker = await startWhenReachable(context, {
    bootstrap,
    namespace,
    groupId,
    pluginPath,
    replicationFactor,
    keyConverter,
    valueConverter,
    headerConverter,
    exactlyOnceSource,
    workerId: configuration.workerId ?? restAddress,
    restUrl: `http://${restAddress}`,
    builtIn: builtInPlugins(),
    logger,
    meter,
  });
  assembly.later(() => worker.close());
  late.fill(connectorHandlers(worker));
  rest.serve(restRoutes(worker, SOFTWARE_VERSION));
  readiness.add('connect', () => worker.notReady);
  logger.info('listening', { rest: restAddress, grpc: formatAddress(bound), admin });
  return { worker };
}
