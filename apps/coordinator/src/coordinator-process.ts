import { createEtcdMetadataStore, type EtcdAccess } from '@moldau/cluster-etcd';
import { createCoordinator } from '@moldau/coordinator';
import { coordinatorId } from '@moldau/kernel';
import {
  createAdminHttpServer,
  createGrpcServer,
  createNodeClock,
  createNodeIds,
  createNodeRandom,
  createNodeScheduler,
} from '@moldau/platform-node';
import { coordinatorService } from '@moldau/protocol';
import {
  advertisedAddress,
  COORDINATOR_SETTINGS,
  type Configuration,
  type ConfigurationRule,
  createAdminRoutes,
  createLateHandlers,
  formatAddress,
  type RunningService,
  type ServiceContext,
  type ServiceDefinition,
  SOFTWARE_VERSION,
  watchReadiness,
} from '@moldau/service';

type Settings = typeof COORDINATOR_SETTINGS;

/** Messages between services: snapshots of metadata come in parts, but one partition may have large batches. */
const RECEIVE_BYTES_MAX = 64 * 2 ** 20;
/** How long calls under way may take to end while the process stops. */
const SHUTDOWN_GRACE_MS = 2000;

/** The coordinator's process: etcd on one side, the internal listener on the other. */
export const COORDINATOR_PROCESS: ServiceDefinition<Settings> = {
  name: 'coordinator',
  settings: COORDINATOR_SETTINGS,
  rules: [credentialsAreWhole],
  start: startCoordinator,
};

function credentialsAreWhole({ etcdUsername, etcdPassword }: Configuration<Settings>): ReturnType<ConfigurationRule<Settings>> {
  if ((etcdUsername === undefined) === (etcdPassword === undefined)) return [];
  return [{ setting: 'etcdPassword', limit: 'etcdUsername and etcdPassword are given together or not at all' }];
}

async function startCoordinator(context: ServiceContext<Settings>): Promise<RunningService> {
  const { configuration, log, meter, readiness } = context;
  const ports = { clock: createNodeClock(), scheduler: createNodeScheduler(), random: createNodeRandom(), ids: createNodeIds() };
  const late = createLateHandlers([coordinatorService]);
  const server = createGrpcServer({ logger: log });
  const { internalHost: host, adminHost, adminPort } = configuration;
  const listener = await server.serve(late.handlers, {
    name: 'internal',
    host,
    port: configuration.internalPort,
    limits: { maxReceiveBytes: RECEIVE_BYTES_MAX },
  });
  const routes = createAdminRoutes({ log, meter, readiness });
  const admin = await createAdminHttpServer({ host: adminHost, port: adminPort, routes, logger: log });
  const store = createEtcdMetadataStore(
    { ...ports, logger: log },
    { endpoints: configuration.etcdEndpoints, ...etcdAccess(configuration) },
  );
  const { internalAdvertisedHost: advertisedHost, internalAdvertisedPort: advertisedPort } = configuration;
  const address = formatAddress(advertisedAddress({ host, port: listener.port, advertisedHost, advertisedPort }));
  const coordinator = createCoordinator(
    { ...ports, store, logger: log, meter },
    {
      coordinatorId: coordinatorId(configuration.coordinatorId ?? ports.ids.uuid()),
      address,
      clusterName: configuration.clusterName,
      softwareVersion: SOFTWARE_VERSION,
    },
  );
  late.fill(coordinator.handlers);
  readiness.add('metadata', () => (coordinator.ready() ? undefined : 'no fresh metadata from the metadata store'));
  const watch = watchReadiness(readiness, (ready) => server.setServing('', ready));
  coordinator.start();
  log.info('listening', { internal: listener.address, advertised: address, admin: admin.address });
  return {
    async shutdown(): Promise<void> {
      watch.stop();
      server.setServing('', false);
      await coordinator.stop();
      await server.shutdown(SHUTDOWN_GRACE_MS);
      await store.close();
      await admin.close();
    },
  };
}

function etcdAccess({ etcdUsername, etcdPassword }: Configuration<Settings>): EtcdAccess {
  if (etcdUsername === undefined || etcdPassword === undefined) return {};
  return { user: { name: etcdUsername, password: etcdPassword.reveal() } };
}
