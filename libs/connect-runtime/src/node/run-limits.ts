import type { ConfigDeclaration } from '@moldau/connect';
import type { ConnectorConfig } from '../core/config-record.ts';
import { CONNECTOR_SETTINGS } from '../core/connector-settings.ts';
import type { RunLimits } from './runs/run-host.ts';

/** What a config says of its threads; defaults for what it says by a reference, or not rightly. */
export function runLimits(config: ConnectorConfig): RunLimits {
  const { fields } = CONNECTOR_SETTINGS as ConfigDeclaration;
  const numberOf = (name: string): number => {
    const text = config[name];
    const parsed = text === undefined ? undefined : fields[name]?.parse(text);
    return Number(parsed?.ok === true ? parsed.value : fields[name]?.absent());
  };
  return {
    memoryMb: numberOf('task.memory.max.mb'),
    stallMs: numberOf('task.stall.timeout.ms'),
    graceMs: numberOf('task.shutdown.graceful.timeout.ms'),
    restart: {
      maxAttempts: numberOf('restart.max.attempts'),
      windowMs: numberOf('restart.window.ms'),
      backoffMs: numberOf('restart.backoff.ms'),
      backoffMaxMs: numberOf('restart.backoff.max.ms'),
    },
  };
}
