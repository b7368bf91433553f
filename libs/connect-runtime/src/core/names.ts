import { MoldauError } from '@moldau/kernel';

/** Slots of a worker cluster: what workers share out among themselves. More than workers there will ever be, so that they share evenly. */
export const SLOT_COUNT = 128;
/** Its owner is the leader. */
export const LEADER_SLOT = 0;
/** Room for the prefixes and task numbers that groups and transactional ids add, below their 249 characters. */
const CONNECTOR_NAME_LENGTH_MAX = 150;
const GROUP_ID_LENGTH_MAX = 60;
const NAME = /^[a-zA-Z0-9._-]+$/;

/** Names of everything that one worker cluster has in the Moldau cluster. */
export interface WorkerClusterNames {
  readonly configs: string;
  readonly offsets: string;
  readonly status: string;
  readonly slots: string;
  /** Group of the workers. */
  readonly group: string;
  /** Transactional id by which a leader fences the one before. */
  readonly leaderId: string;
}

/** @throws MoldauError INVALID_CONFIG */
export function namesOf(groupId: string): WorkerClusterNames {
  if (groupId.length > GROUP_ID_LENGTH_MAX || !NAME.test(groupId)) {
    const limit = `1–${GROUP_ID_LENGTH_MAX} characters of [a-zA-Z0-9._-]`;
    throw new MoldauError('INVALID_CONFIG', `the worker group is '${groupId}'; expected ${limit}`, {
      setting: 'groupId',
      value: groupId,
      limit,
    });
  }
  return {
    configs: `_connect-${groupId}-configs`,
    offsets: `_connect-${groupId}-offsets`,
    status: `_connect-${groupId}-status`,
    slots: `_connect-${groupId}-slots`,
    group: `connect-${groupId}-workers`,
    leaderId: `connect-${groupId}-leader`,
  };
}

/** Group of a sink connector, as Kafka names it. */
export function sinkGroup(connector: string): string {
  return `connect-${connector}`;
}

/** Transactional id of an exactly-once source task: its next life fences the one before, wherever that was. */
export function sourceTaskId(groupId: string, connector: string, task: number): string {
  return `connect-${groupId}-${connector}-${task}`;
}

/** @throws MoldauError CONNECTOR_CONFIG_INVALID */
export function assertConnectorName(name: string): void {
  const legal = name.length <= CONNECTOR_NAME_LENGTH_MAX && NAME.test(name) && name !== '.' && name !== '..' && !isPoisonous(name);
  if (legal) return;
  const shown = name.slice(0, CONNECTOR_NAME_LENGTH_MAX);
  const limit = `1–${CONNECTOR_NAME_LENGTH_MAX} characters of [a-zA-Z0-9._-]`;
  throw new MoldauError('CONNECTOR_CONFIG_INVALID', `the connector's name is '${shown}'; expected ${limit}`, {
    field: 'name',
    value: shown,
    limit,
  });
}

/** Names that mean something to JavaScript's objects. */
export function isPoisonous(name: string): boolean {
  return name === '__proto__' || name === 'constructor' || name === 'prototype';
}
