import { MoldauError } from '@moldau/kernel';
import { createReadiness, type Readiness } from '../admin/readiness.ts';
import { type ConfigurationRule, type LoadedConfiguration, loadConfiguration } from '../configuration/load-configuration.ts';
import type { Configuration, Settings } from '../configuration/setting.ts';
import type { Environment } from '../configuration/setting-sources.ts';
import { createLogger, type ServiceLogger } from '../logging/pino-logger.ts';
import { startProcessMetrics } from '../metrics/process-metrics.ts';
import { createMeter, type PromMeter } from '../metrics/prom-meter.ts';
import type { PROCESS_SETTINGS } from '../settings/process-settings.ts';
import { serviceVariables } from '../settings/services.ts';
import { installCrashPolicy } from './crash-policy.ts';
import { exitCodeOf } from './exit-codes.ts';
import { stopOnSignals } from './graceful-shutdown.ts';
import type { ProcessHandle } from './process-handle.ts';

/** Settings with at least those that every process has. */
export type ServiceSettings = Settings & typeof PROCESS_SETTINGS;

/** What a service is started with. */
export interface ServiceContext<Declared extends Settings> {
  readonly configuration: Configuration<Declared>;
  /** Where each setting's value comes from. */
  readonly sources: LoadedConfiguration<Declared>['sources'];
  readonly log: ServiceLogger;
  readonly meter: PromMeter;
  readonly readiness: Readiness;
}

/** A service that has started. */
export interface RunningService {
  /** Stops in order; called once. */
  shutdown(): Promise<void>;
  /** Rejects when the service can't go on by itself: a start that failed later, or a newer life of it that has taken over. */
  readonly failed?: Promise<never>;
}

/** A service: its settings, and how it starts. */
export interface ServiceDefinition<Declared extends ServiceSettings> {
  readonly name: string;
  readonly settings: Declared;
  readonly rules?: readonly ConfigurationRule<Declared>[];
  /**
   * Resolves as soon as the service can be shut down; what takes long, such as finding the others, goes on behind.
   *
   * @throws MoldauError when it can't start: one line for the operator and an exit code
   */
  start(context: ServiceContext<Declared>): Promise<RunningService>;
}

/** The process a service lives in. */
export interface ServiceHost extends ProcessHandle {
  /** Arguments of the command line, without the program. */
  readonly flags: readonly string[];
  readonly env: Environment;
  /** A line for the operator. */
  printError(line: string): void;
}

/**
 * Runs a service from its settings to its end: configuration, log, metrics, crash policy, signals. Resolves with the
 * exit code; never rejects.
 */
export async function runService<Declared extends ServiceSettings>(
  definition: ServiceDefinition<Declared>,
  host: ServiceHost,
): Promise<number> {
  try {
    const sources = { flags: host.flags, environment: host.env, otherVariables: serviceVariables() };
    return await runConfigured(definition, await loadConfiguration(definition.settings, sources, definition.rules), host);
  } catch (error) {
    return reportStartFailure(definition.name, error, host);
  }
}

/**
 * The same for settings that have been read: for a process that is more than the service, such as the command line.
 *
 * @throws MoldauError when the service can't start or can't go on
 */
export async function runConfigured<Declared extends ServiceSettings>(
  definition: ServiceDefinition<Declared>,
  loaded: LoadedConfiguration<Declared>,
  host: ProcessHandle,
): Promise<number> {
  const { logLevel, logDestination, shutdownTimeoutMs } = loaded.values as Configuration<typeof PROCESS_SETTINGS>;
  const log = createLogger({ level: logLevel, destination: logDestination, fields: { service: definition.name } });
  const meter = createMeter();
  const crashPolicy = installCrashPolicy(host, log);
  log.info('starting', { settings: loaded.values });
  const started = definition.start({ configuration: loaded.values, sources: loaded.sources, log, meter, readiness: createReadiness() });
  const shutdown = async (): Promise<void> => (await started).shutdown();
  const signals = stopOnSignals({ process: host, log, shutdown, timeoutMs: shutdownTimeoutMs });
  let processMetrics: { stop(): void } | undefined;
  try {
    const service = await started;
    // From here on: starting loads modules and files at once, which is no stall that anybody should hear of.
    processMetrics = startProcessMetrics(meter, log);
    const failed = service.failed ?? new Promise<never>(() => {});
    return await Promise.race([signals.exitCode, withdraw(failed, service)]);
  } catch (error) {
    log.debug('the service ends', { error }); // the operator gets one line; the stack only who asks for it
    throw error;
  } finally {
    signals.uninstall();
    crashPolicy.uninstall();
    processMetrics?.stop();
    log.flush();
  }
}

/** Longest wait for a service that failed to give back what it holds. */
const WITHDRAWAL_TIMEOUT_MS = 5000;

/** Shuts a service that failed down, so that nothing of it keeps the process alive, and fails as it did. */
async function withdraw(failed: Promise<never>, service: RunningService): Promise<never> {
  try {
    return await failed;
  } catch (error) {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, WITHDRAWAL_TIMEOUT_MS);
    });
    await Promise.race([service.shutdown().catch(() => {}), late]);
    clearTimeout(timer);
    throw error;
  }
}

/** One line for an operating error; a bug comes with its stack. */
export function reportStartFailure(service: string, caught: unknown, host: Pick<ServiceHost, 'printError'>): number {
  const error = MoldauError.from(caught);
  const text = error.reason === 'INTERNAL' && error.cause instanceof Error ? (error.cause.stack ?? error.message) : error.message;
  host.printError(`moldau ${service}: ${text} (${error.reason}, see ${error.help})`);
  return exitCodeOf(error);
}

/** The process that runs this code. */
export function currentProcess(): ServiceHost {
  return {
    flags: process.argv.slice(2),
    env: process.env,
    on: (event, listener) => process.on(event, listener),
    off: (event, listener) => process.off(event, listener),
    exit: (code) => process.exit(code),
    printError: (line) => void process.stderr.write(`${line}\n`),
  };
}
