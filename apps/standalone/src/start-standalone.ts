import { type Assembled, type Assembly, assemble, type BrokerPart, openBroker, startBroker } from '@moldau/assembly';
import type { MetadataStore } from '@moldau/cluster';
import { createEmbeddedMetadataStore } from '@moldau/cluster-embedded';
import { type Coordinator, createCoordinator } from '@moldau/coordinator';
import { type Connector, coordinatorId } from '@moldau/kernel';
import { createInProcessNetwork } from '@moldau/platform-node';
import { formatAddress, type ServiceContext, SOFTWARE_VERSION, type STANDALONE_SETTINGS } from '@moldau/service';
import { lockDataDirectory } from './data-directory.ts';

export type StandaloneSettings = typeof STANDALONE_SETTINGS;

/** What standalone says of itself once it is ready. */
export interface StandaloneInfo {
  /** `host:port` that clients are told. */
  readonly address: string;
  /** `host:port` that it listens on. */
  readonly listenAddress: string;
  /** `host:port` of the admin HTTP server. */
  readonly adminAddress: string;
  readonly clusterId: string;
  readonly brokerId: number;
  readonly dataDir: string;
  /** From the start of the process to readiness. */
  readonly startupMs: number;
}

/** A standalone that starts: it can be shut down from the beginning. */
export type StartingStandalone = Assembled<{
  /** Resolves when it serves; rejects when it can't start. */
  readonly ready: Promise<StandaloneInfo>;
  /** Rejects when it can't start, or can't go on. */
  readonly failed: Promise<never>;
}>;

/** The coordinator's address on the network within the process. */
const COORDINATOR_ADDRESS = 'standalone:9093';
/** The broker's address there, for the coordinator. */
const BROKER_ENDPOINT = { host: 'standalone-broker', port: 9093 };
/** With one broker there is one replica, and it is enough. */
const FIXED_CONFIGS = new Map([
  ['default.replication.factor', '1'],
  ['min.insync.replicas', '1'],
]);
/** Heartbeats cost a turn of the event loop here, and the start and the stop each wait for one. */
const HEARTBEAT_INTERVAL_MS = 100;

/**
 * Takes the data directory and the ports, puts coordinator and broker together over a network within the process, and
 * starts them.
 *
 * @throws MoldauError ADDRESS_IN_USE, DATA_DIRECTORY_LOCKED, DATA_DIRECTORY_UNUSABLE, CORRUPT_LOG, INVALID_CONFIG
 */
export function startStandalone(context: ServiceContext<StandaloneSettings>): Promise<StartingStandalone> {
  return assemble(context, async (assembly) => {
    const { configuration } = context;
    const ports = { ...assembly.ports, logger: context.log };
    const lock = await lockDataDirectory(ports.disk, configuration.dataDir);
    assembly.later(() => lock.release());
    const admin = await assembly.openAdmin();
    const network = createInProcessNetwork();
    const part = await openBroker(context, assembly, {
      configuration,
      coordinators: [COORDINATOR_ADDRESS],
      connector: network.connector,
      client: configuration,
      withinProcess: BROKER_ENDPOINT,
    });
    const brokerServer = network.serve(formatAddress(BROKER_ENDPOINT), 'internal', part.broker.internalHandlers);
    assembly.later(() => brokerServer.close());
    const store = await createEmbeddedMetadataStore(ports, { directory: `${configuration.dataDir}/metadata` });
    assembly.later(() => store.close());
    const coordinator = startCoordinator(context, assembly, { store, connector: network.connector });
    const coordinatorServer = network.serve(COORDINATOR_ADDRESS, 'internal', coordinator.handlers);
    assembly.later(() => coordinatorServer.close());
    const { serves, failed } = startBroker(context, assembly, part.broker);
    const ready = serves.then(
      (): StandaloneInfo => ({ ...describeListeners(part), adminAddress: admin, ...describeState(context, coordinator) }),
    );
    ready.catch(() => {}); // `failed` says so too
    return { ready, failed };
  });
}

function startCoordinator(
  context: ServiceContext<StandaloneSettings>,
  assembly: Assembly,
  ports: { readonly store: MetadataStore; readonly connector: Connector },
): Coordinator {
  const coordinator = createCoordinator(
    { ...assembly.ports, ...ports, logger: context.log, meter: context.meter },
    {
      coordinatorId: coordinatorId('standalone'),
      address: COORDINATOR_ADDRESS,
      softwareVersion: SOFTWARE_VERSION,
      fixedConfigs: FIXED_CONFIGS,
      heartbeatIntervalMs: HEARTBEAT_INTERVAL_MS,
    },
  );
  assembly.later(() => coordinator.stop());
  coordinator.start();
  return coordinator;
}

function describeListeners({ client }: BrokerPart): Pick<StandaloneInfo, 'address' | 'listenAddress'> {
  return { address: formatAddress(client.advertised), listenAddress: formatAddress(client.bound) };
}

type State = Pick<StandaloneInfo, 'clusterId' | 'brokerId' | 'dataDir' | 'startupMs'>;

function describeState({ configuration }: ServiceContext<StandaloneSettings>, coordinator: Coordinator): State {
  return {
    clusterId: coordinator.image().cluster?.clusterId ?? '',
    brokerId: configuration.brokerId,
    dataDir: configuration.dataDir,
    startupMs: Math.round(performance.now()),
  };
}
