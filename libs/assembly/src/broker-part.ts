import { type Broker, createBroker, type ListenerEndpoint } from '@moldau/broker';
import { brokerId, type Connector } from '@moldau/kernel';
import { createNodeCompute } from '@moldau/platform-node';
import { type ServiceContext, type ServiceSettings, SOFTWARE_VERSION } from '@moldau/service';
import type { Assembly } from './assemble.ts';
import { type ListenerAddress, listen, type OpenListener } from './listener.ts';

/** The settings a broker has in every process. */
interface BrokerConfiguration {
  readonly brokerId: number;
  readonly dataDir: string;
  readonly rack?: string | undefined;
  readonly tailCacheBytes: number;
  readonly produceBudgetBytes: number;
  readonly fetchBudgetBytes: number;
}

export interface BrokerPartOptions {
  readonly configuration: BrokerConfiguration;
  /** `host:port` of coordinators to begin with. */
  readonly coordinators: readonly string[];
  /** How it reaches them. */
  readonly connector: Connector;
  readonly client: ListenerAddress;
  /** Default: none, as in standalone, whose services meet within the process. */
  readonly internal?: ListenerAddress;
  /** Where other services of the process reach it, when they don't by a listener; its owner serves `internalHandlers` there. */
  readonly withinProcess?: ListenerEndpoint;
}

/** Under this name gRPC's health service says whether the broker serves and all its replicas have been in sync since it started. */
const IN_SYNC = 'in-sync';

/** A broker that listens and has not started. */
export interface BrokerPart {
  readonly broker: Broker;
  readonly client: OpenListener;
  readonly internal: OpenListener | undefined;
}

/** A broker on its way. */
export interface StartedBroker {
  /** Resolves when it serves; takes as long as no coordinator answers. */
  readonly serves: Promise<void>;
  /** Rejects when it can't start, or can't go on. */
  readonly failed: Promise<never>;
}

/** Makes a broker and binds its listeners. @throws MoldauError ADDRESS_IN_USE, INVALID_CONFIG */
export async function openBroker<Declared extends ServiceSettings>(
  context: ServiceContext<Declared>,
  assembly: Assembly,
  options: BrokerPartOptions,
): Promise<BrokerPart> {
  const { log: logger, meter } = context;
  const { configuration, coordinators, connector } = options;
  const endpoints = new Map<string, ListenerEndpoint>();
  const broker = createBroker(
    { ...assembly.ports, compute: createNodeCompute(), connector, logger, meter },
    {
      brokerId: brokerId(configuration.brokerId),
      dataDirectory: configuration.dataDir,
      coordinators,
      endpoints: () => endpoints,
      softwareVersion: SOFTWARE_VERSION,
      storage: { tailCacheBytes: configuration.tailCacheBytes },
      produceBudgetBytes: configuration.produceBudgetBytes,
      fetchBudgetBytes: configuration.fetchBudgetBytes,
      ...(configuration.rack === undefined ? {} : { rack: configuration.rack }),
    },
  );
  const server = assembly.createServer('public');
  const client = await listen(server, 'client', broker.clientHandlers, options.client);
  endpoints.set('client', client.advertised);
  if (options.withinProcess !== undefined) endpoints.set('internal', options.withinProcess);
  if (options.internal === undefined) return { broker, client, internal: undefined };
  const internal = await listen(server, 'internal', broker.internalHandlers, options.internal);
  endpoints.set('internal', internal.advertised);
  return { broker, client, internal };
}

/** Starts it: it counts for readiness, and is shut down before what was there before it. */
export function startBroker<Declared extends ServiceSettings>(
  context: ServiceContext<Declared>,
  assembly: Assembly,
  broker: Broker,
): StartedBroker {
  context.readiness.add('broker', () => {
    const state = broker.readiness();
    return state.ready ? undefined : state.reasons.join('; ');
  });
  assembly.tellHealth(IN_SYNC, () => broker.caughtUp().ready);
  assembly.later(() => broker.shutdown());
  const serves = broker.start().then(() => assembly.readinessChanged());
  const failed = new Promise<never>((_, reject) => {
    broker.onFatal(reject);
    serves.catch(reject);
  });
  failed.catch(() => {}); // whoever runs the service looks at it later
  return { serves, failed };
}
