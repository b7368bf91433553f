import type { ConnectorConfig } from '../core/config-record.ts';
import { type ConnectorEntry, taskSettings } from '../core/connect-image.ts';
import { CONNECTOR_SETTINGS, SINK_SETTINGS, SOURCE_SETTINGS } from '../core/connector-settings.ts';
import type { RunStatus, StatusImage } from '../core/run-status.ts';
import type { ConfigFieldInfo } from './thread/thread-messages.ts';
import { isReference, MASKED } from './thread/validate-config.ts';

/** As Kafka's REST API shows connectors. */
export interface ConnectorView {
  readonly name: string;
  readonly config: ConnectorConfig;
  readonly tasks: readonly { readonly connector: string; readonly task: number }[];
  readonly type: 'source' | 'sink';
}

export interface RunView {
  readonly state: string;
  readonly worker_id: string;
  readonly trace?: string;
}

export interface StatusView {
  readonly name: string;
  readonly connector: RunView;
  readonly tasks: readonly (RunView & { readonly id: number })[];
  readonly type: 'source' | 'sink';
}

export function connectorView(entry: ConnectorEntry, fields: readonly ConfigFieldInfo[] | undefined): ConnectorView {
  const { name, connector } = entry;
  return {
    name,
    config: maskedConfig(connector.config, fields),
    tasks: taskSettings(entry).map((_settings, task) => ({ connector: name, task })),
    type: connector.kind,
  };
}

export function statusView(entry: ConnectorEntry, statuses: StatusImage): StatusView {
  const { name, connector, target } = entry;
  const status = statuses.find({ connector: name, task: undefined });
  return {
    name,
    connector: target === 'STOPPED' ? { state: 'STOPPED', worker_id: status?.workerId ?? '' } : runView(status),
    tasks: taskSettings(entry).map((_settings, id) => ({ id, ...runView(statuses.find({ connector: name, task: id })) })),
    type: connector.kind,
  };
}

export function runView(status: RunStatus | undefined): RunView {
  if (status === undefined) return { state: 'UNASSIGNED', worker_id: '' };
  const { state, workerId, trace } = status;
  return { state, worker_id: workerId, ...(trace === undefined ? {} : { trace }) };
}

const RUNTIME_FIELDS: ReadonlySet<string> = new Set(
  [CONNECTOR_SETTINGS, SOURCE_SETTINGS, SINK_SETTINGS].flatMap(({ fields }) => Object.keys(fields)),
);

/** Without secrets that were written out. Of a class that is not known here nothing is shown but what the runtime itself reads. */
export function maskedConfig(config: ConnectorConfig, fields: readonly ConfigFieldInfo[] | undefined): ConnectorConfig {
  const secrets = new Set(fields?.filter(({ type }) => type === 'PASSWORD').map(({ name }) => name));
  const prefixes = (fields ?? []).filter(({ type, name }) => type === 'PASSWORD' && name.endsWith('.')).map(({ name }) => name);
  const isSecret = (name: string): boolean =>
    fields === undefined ? !RUNTIME_FIELDS.has(name) : secrets.has(name) || prefixes.some((prefix) => name.startsWith(prefix));
  return Object.fromEntries(Object.entries(config).map(([name, value]) => [name, isSecret(name) && !isReference(value) ? MASKED : value]));
}

/** Who sends back what was shown means what was there. */
export function unmaskedConfig(config: ConnectorConfig, before: ConnectorConfig | undefined): ConnectorConfig {
  if (before === undefined) return config;
  return Object.fromEntries(Object.entries(config).map(([name, value]) => [name, value === MASKED ? (before[name] ?? value) : value]));
}
