import { assemble, INTERNAL_RECEIVE_BYTES_MAX, openBroker, startBroker } from '@moldau/assembly';
import { createGrpcConnector } from '@moldau/platform-node';
import {
  BROKER_SETTINGS,
  formatAddress,
  type RunningService,
  type ServiceContext,
  type ServiceDefinition,
  SOFTWARE_VERSION,
} from '@moldau/service';

type Settings = typeof BROKER_SETTINGS;

/** The broker's process: a listener for clients, one for other services, and coordinators to find the cluster by. */
export const BROKER_PROCESS: ServiceDefinition<Settings> = { name: 'broker', settings: BROKER_SETTINGS, start: startProcess };

async function startProcess(context: ServiceContext<Settings>): Promise<RunningService> {
  const { configuration, log } = context;
  const userAgent = `moldau-broker/${SOFTWARE_VERSION}`;
  return assemble(context, async (assembly) => {
    const admin = await assembly.openAdmin();
    const part = await openBroker(context, assembly, {
      configuration,
      coordinators: configuration.coordinators,
      connector: createGrpcConnector({ maxReceiveBytes: INTERNAL_RECEIVE_BYTES_MAX, userAgent }),
      client: {
        host: configuration.clientHost,
        port: configuration.clientPort,
        advertisedHost: configuration.clientAdvertisedHost,
        advertisedPort: configuration.clientAdvertisedPort,
      },
      internal: {
        host: configuration.internalHost,
        port: configuration.internalPort,
        advertisedHost: configuration.internalAdvertisedHost,
        advertisedPort: configuration.internalAdvertisedPort,
      },
    });
    const internal = part.internal === undefined ? {} : { internal: formatAddress(part.internal.advertised) };
    log.info('listening', { client: formatAddress(part.client.advertised), ...internal, admin });
    return { failed: startBroker(context, assembly, part.broker).failed };
  });
}
