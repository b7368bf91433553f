import type { JsonObject } from '@moldau/connect';
import { MoldauError, unreachable } from '@moldau/kernel';
import { chooseSlots, type SlotOwners } from './choose-slots.ts';
import { type ConfigRecord, type ConnectorRecord, NAMED_RECORDS, type SlotsRecord, type TasksRecord } from './config-record.ts';
import type { CommandOutcome, ConnectCommand } from './connect-command.ts';
import type { ConnectImage, ConnectorEntry } from './connect-image.ts';
import { assertConnectorName } from './names.ts';
import type { StatusImage } from './run-status.ts';

/** Tasks of one connector that anybody can mean. */
export const TASKS_MAX = 1_000;
/** What settings of all tasks of a connector may take as JSON, in characters: they share a record. */
const SETTINGS_LENGTH_MAX = 1024 * 1024;

/** What the leader looks at to decide. */
export interface DecisionFacts {
  readonly image: ConnectImage;
  readonly statuses: StatusImage;
  readonly owners: SlotOwners;
}

/** Records to be written in one transaction; none when nothing changes. */
export interface Decision {
  readonly records: readonly ConfigRecord[];
  readonly outcome: CommandOutcome;
}

const UNCHANGED: Decision = { records: [], outcome: { created: false, changed: false } };

/**
 * The leader's answer to a command: what to write. Pure; the same facts give the same records.
 *
 * @throws MoldauError CONNECTOR_EXISTS, CONNECTOR_NOT_FOUND, CONNECTOR_TASK_NOT_FOUND, CONNECTOR_CONFIG_INVALID
 */
export function decide(command: ConnectCommand, facts: DecisionFacts): Decision {
  switch (command.t) {
    case 'create':
      return create(command, facts);
    case 'apply':
      return apply(command, facts);
    case 'delete':
      return forget(command.name, facts);
    case 'target':
      return retarget(command, facts);
    case 'restart':
      return restart(command, facts);
    case 'plan':
      return plan(command, facts);
    default:
      return unreachable(command);
  }
}

function changed(records: readonly ConfigRecord[], created = false): Decision {
  return { records, outcome: { created, changed: true } };
}

/** @throws MoldauError CONNECTOR_NOT_FOUND */
export function findConnector(image: ConnectImage, name: string): ConnectorEntry {
  const entry = image.find(name);
  if (entry === undefined) throw new MoldauError('CONNECTOR_NOT_FOUND', `Connector ${name} not found`, { connector: name });
  return entry;
}

function create(command: Extract<ConnectCommand, { t: 'create' }>, facts: DecisionFacts): Decision {
  const { name, kind, config, target } = command;
  assertConnectorName(name);
  if (facts.image.find(name) !== undefined) {
    throw new MoldauError('CONNECTOR_EXISTS', `Connector ${name} already exists`, { connector: name });
  }
  const revision = facts.image.revision + 1;
  const connector: ConnectorRecord = { t: 'connector', name, revision, kind, config };
  return changed([connector, { t: 'state', name, target }, ...mapped(connector, undefined, facts)], true);
}

function apply(command: Extract<ConnectCommand, { t: 'apply' }>, facts: DecisionFacts): Decision {
  const { name, kind, config } = command;
  const entry = facts.image.find(name);
  if (entry === undefined) return create({ ...command, t: 'create', target: 'RUNNING' }, facts);
  if (entry.connector.kind !== kind) {
    const message = `connector ${name} is a ${entry.connector.kind} and can't become a ${kind}: delete it first`;
    throw new MoldauError('CONNECTOR_CONFIG_INVALID', message, { connector: name, field: 'connector.class' });
  }
  if (sameConfig(entry.connector.config, config)) return UNCHANGED;
  const revision = facts.image.revision + 1;
  const connector: ConnectorRecord = { t: 'connector', name, revision, kind, config };
  return changed([connector, ...mapped(connector, entry, facts)]);
}

/** A source's tasks come from its planner; a sink has as many as it may. */
function mapped(connector: ConnectorRecord, entry: ConnectorEntry | undefined, facts: DecisionFacts): readonly ConfigRecord[] {
  const { name, kind, revision, config } = connector;
  if (kind === 'source') return [slotsFor(name, entry, entry?.tasks?.tasks.length ?? 0, facts)];
  const count = maxTasks(config);
  const tasks: TasksRecord = {
    t: 'tasks',
    name,
    revision,
    configRevision: revision,
    tasks: Array.from({ length: count }, (): JsonObject => ({})),
  };
  return [tasks, slotsFor(name, entry, count, facts)];
}

/** `tasks.max` of a config that was checked before; anything else counts as one. */
export function maxTasks(config: Readonly<Record<string, string>>): number {
  const count = Number(config['tasks.max'] ?? '1');
  return Number.isSafeInteger(count) && count >= 1 ? Math.min(count, TASKS_MAX) : 1;
}

/** What is mapped stays where it is. */
function slotsFor(name: string, entry: ConnectorEntry | undefined, count: number, { image, owners }: DecisionFacts): SlotsRecord {
  const before = entry?.slots;
  const kept = before?.tasks.slice(0, count) ?? [];
  const entries = image.entries();
  const [planner = 0] = before === undefined ? chooseSlots(entries, owners, 1, 'planner') : [before.planner];
  return { t: 'slots', name, planner, tasks: [...kept, ...chooseSlots(entries, owners, count - kept.length, 'task')] };
}

function forget(name: string, { image }: DecisionFacts): Decision {
  findConnector(image, name);
  return changed(NAMED_RECORDS.map((of) => ({ t: 'tombstone', of, name })));
}

function retarget({ name, target }: Extract<ConnectCommand, { t: 'target' }>, { image }: DecisionFacts): Decision {
  const entry = findConnector(image, name);
  return entry.target === target ? UNCHANGED : changed([{ t: 'state', name, target }]);
}

function restart(command: Extract<ConnectCommand, { t: 'restart' }>, { image, statuses }: DecisionFacts): Decision {
  const { name, task: only, includeTasks, onlyFailed } = command;
  const entry = findConnector(image, name);
  const count = entry.tasks?.tasks.length ?? 0;
  if (only !== undefined && only >= count) {
    throw new MoldauError('CONNECTOR_TASK_NOT_FOUND', `Unknown task: ${name}-${only}`, { connector: name, task: String(only) });
  }
  const revision = image.revision + 1;
  const isMeant = (task: number | undefined): boolean => {
    if (only !== undefined) return task === only;
    if (task !== undefined && !includeTasks) return false;
    return !onlyFailed || statuses.find({ connector: name, task })?.state === 'FAILED';
  };
  const planner = isMeant(undefined) ? revision : (entry.restart?.planner ?? 0);
  const before = entry.restart?.tasks ?? [];
  const tasks = Array.from({ length: count }, (_none, task) => (isMeant(task) ? revision : (before[task] ?? 0)));
  if (planner !== revision && !tasks.includes(revision)) return UNCHANGED;
  return changed([{ t: 'restart', name, planner, tasks }]);
}

function plan(command: Extract<ConnectCommand, { t: 'plan' }>, facts: DecisionFacts): Decision {
  const { name, configRevision, tasks, watches } = command;
  const { image } = facts;
  const entry = findConnector(image, name);
  // Of a config that was replaced meanwhile: its planner is being ended.
  if (entry.connector.revision !== configRevision) return UNCHANGED;
  const limit = maxTasks(entry.connector.config);
  if (tasks.length > limit || JSON.stringify(tasks).length > SETTINGS_LENGTH_MAX) {
    const message = `the plan of ${name} has ${tasks.length} tasks; expected at most ${limit}, of ${SETTINGS_LENGTH_MAX} characters together`;
    throw new MoldauError('CONNECTOR_CONFIG_INVALID', message, { connector: name, value: String(tasks.length), limit: String(limit) });
  }
  const before = entry.tasks;
  if (before?.configRevision === configRevision && JSON.stringify(before.tasks) === JSON.stringify(tasks)) return UNCHANGED;
  const revision = image.revision + 1;
  return changed([{ t: 'tasks', name, revision, configRevision, tasks, watches }, slotsFor(name, entry, tasks.length, facts)]);
}

function sameConfig(one: Readonly<Record<string, string>>, other: Readonly<Record<string, string>>): boolean {
  const keys = Object.keys(one);
  return keys.length === Object.keys(other).length && keys.every((key) => one[key] === other[key]);
}
