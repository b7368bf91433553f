import type { JsonObject, JsonValue } from '@moldau/connect';
import { type CallHandlers, MoldauError } from '@moldau/kernel';
import {
  type ConnectorInfo,
  ConnectorKind,
  type ConnectorOffset,
  type ConnectorRun,
  ConnectorState,
  ConnectorTarget,
  connectorService,
  unaryHandler,
} from '@moldau/protocol';
import type { ConnectorConfig, TargetState } from '../../core/config-record.ts';
import type { ConnectorEntry } from '../../core/connect-image.ts';
import type { ConnectWorker } from '../connect-worker.ts';
import { connectorView, type RunView, statusView } from '../connector-views.ts';

const STATES: Readonly<Record<string, ConnectorState>> = {
  UNASSIGNED: ConnectorState.UNASSIGNED,
  RUNNING: ConnectorState.RUNNING,
  PAUSED: ConnectorState.PAUSED,
  STOPPED: ConnectorState.STOPPED,
  FAILED: ConnectorState.FAILED,
  RESTARTING: ConnectorState.RESTARTING,
};

const TARGETS: Readonly<Record<TargetState, ConnectorTarget>> = {
  RUNNING: ConnectorTarget.RUNNING,
  PAUSED: ConnectorTarget.PAUSED,
  STOPPED: ConnectorTarget.STOPPED,
};

/** The ConnectorService over a worker. */
export function connectorHandlers(worker: ConnectWorker): CallHandlers {
  const handlers = [...readHandlers(worker), ...changeHandlers(worker), ...offsetHandlers(worker)];
  return new Map(handlers);
}

type Entries = readonly (readonly [Parameters<CallHandlers['get']>[0], ReturnType<typeof unaryHandler>])[];

function readHandlers(worker: ConnectWorker): Entries {
  const { listPlugins, validateConnector, getConnector, listConnectors, listConnectWorkers } = connectorService;
  return [
    [
      listPlugins.path,
      unaryHandler(listPlugins, () => {
        const plugins = worker.plugins.classes.map(({ name, aliases, kind, version, doc }) => ({
          class: name,
          aliases: [...aliases],
          kind: kindOf(kind),
          version,
          doc,
        }));
        return Promise.resolve({ plugins, faults: worker.plugins.faults.map((fault) => ({ ...fault })) });
      }),
    ],
    [
      validateConnector.path,
      unaryHandler(validateConnector, async ({ config }) => {
        const className = config.get('connector.class') ?? '';
        const { fields, values, errorCount } = await worker.validate(className, ownConfig(config));
        const byName = new Map(fields.map((field) => [field.name, field]));
        return {
          class: className,
          errorCount,
          fields: values.map(({ name, value, recommended, errors }) => {
            const { type = 'STRING', required = false, defaultValue = null, importance = 'LOW', doc = '' } = byName.get(name) ?? {};
            return {
              name,
              type,
              required,
              defaultValue: defaultValue ?? undefined,
              importance,
              doc,
              value: value ?? undefined,
              recommendedValues: [...recommended],
              errors: [...errors],
            };
          }),
        };
      }),
    ],
    [getConnector.path, unaryHandler(getConnector, ({ name }) => Promise.resolve({ connector: infoOf(worker, worker.connector(name)) }))],
    [
      listConnectors.path,
      unaryHandler(listConnectors, () => Promise.resolve({ connectors: worker.image.entries().map((entry) => infoOf(worker, entry)) })),
    ],
    [
      listConnectWorkers.path,
      unaryHandler(listConnectWorkers, async () => ({
        workers: (await worker.workers()).map(({ workerId, restUrl, slots }) => ({
          workerId,
          restUrl,
          leader: worker.image.leader?.workerId === workerId,
          runs: worker.runsIn(slots),
        })),
      })),
    ],
  ];
}

function changeHandlers(worker: ConnectWorker): Entries {
  const { createConnector, applyConnector, deleteConnector, setConnectorTarget, restartConnector } = connectorService;
  return [
    [
      createConnector.path,
      unaryHandler(createConnector, async ({ name, config, initialTarget }) => {
        await worker.put('create', name, ownConfig(config), targetOf(initialTarget) ?? 'RUNNING');
        return { connector: infoOf(worker, worker.connector(name)) };
      }),
    ],
    [
      applyConnector.path,
      unaryHandler(applyConnector, async ({ name, config }) => {
        const { created } = await worker.put('apply', name, ownConfig(config));
        return { connector: infoOf(worker, worker.connector(name)), created };
      }),
    ],
    [
      deleteConnector.path,
      unaryHandler(deleteConnector, async ({ name }) => {
        await worker.run({ t: 'delete', name });
        return {};
      }),
    ],
    [
      setConnectorTarget.path,
      unaryHandler(setConnectorTarget, async ({ name, target }) => {
        const wanted = targetOf(target);
        if (wanted === undefined)
          throw new MoldauError('INVALID_REQUEST', 'target is not set; expected running, paused or stopped', { field: 'target' });
        await worker.run({ t: 'target', name, target: wanted });
        return {};
      }),
    ],
    [
      restartConnector.path,
      unaryHandler(restartConnector, async ({ name, task, includeTasks, onlyFailed }) => {
        await worker.run({ t: 'restart', name, includeTasks, onlyFailed, ...(task === undefined ? {} : { task }) });
        return {};
      }),
    ],
  ];
}

function offsetHandlers(worker: ConnectWorker): Entries {
  const { getConnectorOffsets, alterConnectorOffsets } = connectorService;
  return [
    [
      getConnectorOffsets.path,
      unaryHandler(getConnectorOffsets, async ({ name }) => ({
        offsets: (await worker.offsets(name)).map(
          ({ partition, offset }): ConnectorOffset => ({
            partitionJson: JSON.stringify(partition),
            offsetJson: offset === null ? undefined : JSON.stringify(offset),
          }),
        ),
      })),
    ],
    [
      alterConnectorOffsets.path,
      unaryHandler(alterConnectorOffsets, async ({ name, offsets }) => {
        const change = offsets.map(({ partitionJson, offsetJson }) => ({
          partition: parsed('partition_json', partitionJson) as JsonObject,
          offset: offsetJson === undefined ? null : parsed('offset_json', offsetJson),
        }));
        return { message: await worker.changeOffsets(name, change.length === 0 ? undefined : change) };
      }),
    ],
  ];
}

function parsed(field: string, text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    throw new MoldauError('CONNECTOR_OFFSETS_INVALID', `${field} is no JSON`, { field });
  }
}

function ownConfig(config: ReadonlyMap<string, string>): ConnectorConfig {
  return Object.fromEntries(config);
}

function infoOf(worker: ConnectWorker, entry: ConnectorEntry): ConnectorInfo {
  const className = entry.connector.config['connector.class'] ?? '';
  const { name, config, type } = connectorView(entry, worker.plugins.fieldsOf(className));
  const { connector, tasks } = statusView(entry, worker.statuses);
  return {
    name,
    kind: kindOf(type),
    config: new Map(Object.entries(config)),
    target: TARGETS[entry.target],
    state: runOf(connector),
    tasks: tasks.map((task) => ({ ...runOf(task), task: task.id })),
  };
}

function runOf({ state, worker_id: workerId, trace }: RunView): ConnectorRun {
  return { task: undefined, state: STATES[state] ?? ConnectorState.UNSPECIFIED, workerId, trace: trace ?? '' };
}

function kindOf(kind: 'source' | 'sink'): ConnectorKind {
  return kind === 'source' ? ConnectorKind.SOURCE : ConnectorKind.SINK;
}

function targetOf(target: ConnectorTarget): TargetState | undefined {
  if (target === ConnectorTarget.RUNNING) return 'RUNNING';
  if (target === ConnectorTarget.PAUSED) return 'PAUSED';
  return target === ConnectorTarget.STOPPED ? 'STOPPED' : undefined;
}
