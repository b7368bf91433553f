import { formatAddress, type ServiceContext } from '@moldau/service';
import { assembleStandalone, type StandaloneSettings } from './assemble-standalone.ts';

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
export interface StartingStandalone {
  /** Resolves when it serves; rejects when it can't start. */
  readonly ready: Promise<StandaloneInfo>;
  /** Rejects when it can't start, or can't go on. */
  readonly failed: Promise<never>;
  shutdown(): Promise<void>;
}

/** Puts a standalone together and starts it. @throws MoldauError when the data directory or an address can't be used */
export async function startStandalone(context: ServiceContext<StandaloneSettings>): Promise<StartingStandalone> {
  const standalone = await assembleStandalone(context);
  const { broker, coordinator, advertised, listening, admin } = standalone;
  const started = broker.start();
  const failed = new Promise<never>((_, reject) => {
    broker.onFatal(reject);
    started.catch(reject);
  });
  failed.catch(() => {}); // whoever runs it looks at it later
  const ready = started.then((): StandaloneInfo => {
    standalone.setServing(true);
    return {
      address: formatAddress(advertised),
      listenAddress: formatAddress(listening),
      adminAddress: admin.address,
      clusterId: coordinator.image().cluster?.clusterId ?? '',
      brokerId: context.configuration.brokerId,
      dataDir: context.configuration.dataDir,
      startupMs: Math.round(performance.now()),
    };
  });
  ready.catch(() => {}); // `failed` says so too
  return { ready, failed, shutdown: () => standalone.shutdown() };
}
