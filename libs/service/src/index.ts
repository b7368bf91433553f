export { type AdminParts, type AdminRequest, type AdminResponse, createAdminRoutes } from './admin/admin-routes.ts';
export {
  createReadiness,
  type Readiness,
  type ReadinessCheck,
  type ReadinessWatch,
  watchCondition,
  watchReadiness,
} from './admin/readiness.ts';
export { type ConfigurationFault, configurationError } from './configuration/configuration-fault.ts';
export { documentSettings } from './configuration/document-settings.ts';
export {
  type ConfigurationRule,
  type ConfigurationSources,
  type LoadedConfiguration,
  loadConfiguration,
} from './configuration/load-configuration.ts';
export { Secret } from './configuration/secret.ts';
export { type Configuration, environmentName, flagName, type Setting, type Settings } from './configuration/setting.ts';
export { CONFIG_FILE_FLAG, CONFIG_FILE_VARIABLE, type Environment } from './configuration/setting-sources.ts';
export { createLateHandlers, type LateHandlers, type ServiceMethods } from './listener/late-handlers.ts';
export { createLogger, type LoggerOptions, type ServiceLogger } from './logging/pino-logger.ts';
export { startProcessMetrics } from './metrics/process-metrics.ts';
export { createMeter, METRIC_PREFIX, type PromMeter } from './metrics/prom-meter.ts';
export { installCrashPolicy } from './process/crash-policy.ts';
export { EXIT_CODES, EXIT_SIGNAL_BASE, exitCodeOf } from './process/exit-codes.ts';
export { type ShutdownOptions, stopOnSignals } from './process/graceful-shutdown.ts';
export type { ProcessHandle } from './process/process-handle.ts';
export {
  currentProcess,
  type RunningService,
  reportStartFailure,
  runConfigured,
  runService,
  type ServiceContext,
  type ServiceDefinition,
  type ServiceHost,
  type ServiceSettings,
} from './process/run-service.ts';
export { SOFTWARE_VERSION } from './process/software-version.ts';
export { advertisedAddress, formatAddress } from './settings/advertised-address.ts';
export { BROKER_SETTINGS } from './settings/broker-settings.ts';
export { CONNECTOR_WORKER_SETTINGS } from './settings/connector-worker-settings.ts';
export { COORDINATOR_SETTINGS } from './settings/coordinator-settings.ts';
export { SERVICES, serviceVariables } from './settings/services.ts';
export { STANDALONE_SETTINGS } from './settings/standalone-settings.ts';
