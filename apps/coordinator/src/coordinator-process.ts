import { type Assembly, assemble, INTERNAL_RECEIVE_BYTES_MAX, listen } from '@moldau/assembly';
import { createEtcdMetadataStore, type EtcdAccess } from '@moldau/cluster-etcd';
import { createCoordinator } from '@moldau/coordinator';
import { coordinatorId } from '@moldau/kernel';
import { createGrpcConnector } from '@moldau/platform-node';
import { coordinatorService, shardService } from '@moldau/protocol';
import {
  COORDINATOR_SETTINGS,
  type Configuration,
  type ConfigurationRule,
  createLateHandlers,
  formatAddress,
  type RunningService,
  type ServiceContext,
  type ServiceDefinition,
  SOFTWARE_VERSION,
} from '@moldau/service';

type Settings = typeof COORDINATOR_SETTINGS;

/** The coordinator's process: etcd on one side, the internal listener on the other. */
export const COORDINATOR_PROCESS: ServiceDefinition<Settings> = {
  name: 'coordinator',
  settings: COORDINATOR_SETTINGS,
  rules: [credentialsAreWhole],
  start: (context): Promise<RunningService> => assemble(context, (assembly) => startCoordinator(context, assembly)),
};

function credentialsAreWhole({ etcdUsername, etcdPassword }: Configuration<Settings>): ReturnType<ConfigurationRule<Settings>> {
  if ((etcdUsername === undefined) === (etcdPassword === undefined)) return [];
  return [{ setting: 'etcdPassword', limit: 'etcdUsername and etcdPassword are given together or not at all' }];
}

async function startCoordinator(context: ServiceContext<Settings>, assembly: Assembly): Promise<object> {
  const { configuration, log: logger, meter, readiness } = context;
  const { ports } = assembly;
  const admin = await assembly.openAdmin();
  const store = createEtcdMetadataStore({ ...ports, logger }, { endpoints: configuration.etcdEndpoints, ...etcdAccess(configuration) });
  assembly.later(() => store.close());
  const late = createLateHandlers([coordinatorService, shardService]);
  const { bound, advertised } = await listen(assembly.createServer('internal'), 'internal', late.handlers, {
    host: configuration.internalHost,
    port: configuration.internalPort,
    advertisedHost: configuration.internalAdvertisedHost,
    advertisedPort: configuration.internalAdvertisedPort,
  });
  const address = formatAddress(advertised);
  const connector = createGrpcConnector({
    maxReceiveBytes: INTERNAL_RECEIVE_BYTES_MAX,
    userAgent: `moldau-coordinator/${SOFTWARE_VERSION}`,
  });
  const coordinator = createCoordinator(
    { ...ports, store, logger, meter, connector },
    {
      coordinatorId: coordinatorId(configuration.coordinatorId ?? ports.ids.uuid()),
      address,
      clusterName: configuration.clusterName,
      softwareVersion: SOFTWARE_VERSION,
      groupLagSeriesMax: configuration.groupLagSeriesMax,
    },
  );
  late.fill(coordinator.handlers);
  readiness.add('metadata', () => (coordinator.ready() ? undefined : 'no fresh metadata from the metadata store'));
  assembly.later(() => coordinator.stop());
  coordinator.start();
  logger.info('listening', { internal: formatAddress(bound), advertised: address, admin });
  return {};
}

function etcdAccess({ etcdUsername, etcdPassword }: Configuration<Settings>): EtcdAccess {
  if (etcdUsername === undefined || etcdPassword === undefined) return {};
  return { user: { name: etcdUsername, password: etcdPassword.reveal() } };
}
