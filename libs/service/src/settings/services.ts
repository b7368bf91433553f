import { environmentName, type Settings } from '../configuration/setting.ts';
import { BROKER_SETTINGS } from './broker-settings.ts';
import { CONNECTOR_WORKER_SETTINGS } from './connector-worker-settings.ts';
import { COORDINATOR_SETTINGS } from './coordinator-settings.ts';
import { STANDALONE_SETTINGS } from './standalone-settings.ts';

/** Every service with its settings. */
export const SERVICES: Readonly<Record<'broker' | 'connectorWorker' | 'coordinator' | 'standalone', Settings>> = {
  broker: BROKER_SETTINGS,
  connectorWorker: CONNECTOR_WORKER_SETTINGS,
  coordinator: COORDINATOR_SETTINGS,
  standalone: STANDALONE_SETTINGS,
};

/** Environment variables that some service knows: they may stand in the environment of another. */
export function serviceVariables(): ReadonlySet<string> {
  return new Set(Object.values(SERVICES).flatMap((settings) => Object.keys(settings).map(environmentName)));
}
