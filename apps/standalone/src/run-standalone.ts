import { createLogger, createMeter, createReadiness, loadConfiguration, STANDALONE_SETTINGS } from '@moldau/service';
import { flagsOf, type StandaloneOptions } from './standalone-options.ts';
import { type StandaloneInfo, startStandalone } from './start-standalone.ts';

/** A standalone within this process. */
export interface Standalone extends StandaloneInfo, AsyncDisposable {
  /** Rejects when it can't go on. */
  readonly failed: Promise<never>;
  /** Stops it in order; idempotent. */
  shutdown(): Promise<void>;
}

/**
 * Runs standalone within a program: no signals, no crash policy, no metrics of the process. Resolves when it serves.
 *
 * @throws MoldauError ADDRESS_IN_USE, DATA_DIRECTORY_LOCKED, DATA_DIRECTORY_UNUSABLE, UNSUPPORTED_FORMAT, WRONG_CLUSTER,
 * WRONG_BROKER, CORRUPT_LOG, INVALID_CONFIG
 */
export async function runStandalone(options: StandaloneOptions): Promise<Standalone> {
  const begin = performance.now();
  const { values: configuration, sources } = await loadConfiguration(STANDALONE_SETTINGS, { flags: flagsOf(options), environment: {} });
  const log = createLogger({
    level: configuration.logLevel,
    destination: configuration.logDestination,
    fields: { service: 'standalone' },
  });
  const starting = await startStandalone({ configuration, sources, log, meter: createMeter(), readiness: createReadiness() });
  const shutdown = (): Promise<void> => starting.shutdown();
  try {
    const info = await starting.ready;
    const startupMs = Math.round(performance.now() - begin);
    return { ...info, startupMs, failed: starting.failed, shutdown, [Symbol.asyncDispose]: shutdown };
  } catch (error) {
    await shutdown();
    throw error;
  }
}
