import type { JsonObject } from '@moldau/connect';
import { MoldauError } from '@moldau/kernel';

/** What a connector is to do. `STOPPED` has no tasks, so its offsets may be changed. */
export type TargetState = 'RUNNING' | 'PAUSED' | 'STOPPED';
export type ConnectorKind = 'source' | 'sink';
export type ConnectorConfig = Readonly<Record<string, string>>;

/** Who leads, and the newest revision: in every transaction, so that revisions never repeat. */
export interface LeaderRecord {
  readonly t: 'leader';
  readonly revision: number;
  readonly workerId: string;
  /** Where its REST API is reached. */
  readonly restUrl: string;
}

/** A connector as it was given; `undefined` fields of the others: none yet. */
export interface ConnectorRecord {
  readonly t: 'connector';
  readonly name: string;
  readonly revision: number;
  readonly kind: ConnectorKind;
  readonly config: ConnectorConfig;
}

/** Settings of its tasks, planned from the config of `configRevision`. */
export interface TasksRecord {
  readonly t: 'tasks';
  readonly name: string;
  readonly revision: number;
  readonly configRevision: number;
  readonly tasks: readonly JsonObject[];
  /** False: its planner had done its work with this plan. Not there in records of older workers, which say nothing of it. */
  readonly watches?: boolean;
}

/** Which slots its planner and its tasks belong to. */
export interface SlotsRecord {
  readonly t: 'slots';
  readonly name: string;
  readonly planner: number;
  readonly tasks: readonly number[];
}

export interface TargetRecord {
  readonly t: 'state';
  readonly name: string;
  readonly target: TargetState;
}

/** The revision of the last restart that a person asked for, of the planner and of each task; 0 for none. */
export interface RestartRecord {
  readonly t: 'restart';
  readonly name: string;
  readonly planner: number;
  readonly tasks: readonly number[];
}

/** A connector is no more, with all that belongs to it. */
export interface TombstoneRecord {
  readonly t: 'tombstone';
  readonly of: NamedRecord['t'];
  readonly name: string;
}

export type NamedRecord = ConnectorRecord | TasksRecord | SlotsRecord | TargetRecord | RestartRecord;
export type ConfigRecord = LeaderRecord | NamedRecord | TombstoneRecord;

export const NAMED_RECORDS = ['connector', 'tasks', 'slots', 'state', 'restart'] as const satisfies readonly NamedRecord['t'][];
const FORMAT_VERSION = 1;
const LEADER_KEY = 'leader';

/** Key and value of a record in the configs topic: readable JSON, with the version of its format. */
export function encodeConfigRecord(record: ConfigRecord): { readonly key: string; readonly value: string | null } {
  if (record.t === 'tombstone') return { key: `${record.of}/${record.name}`, value: null };
  const key = record.t === 'leader' ? LEADER_KEY : `${record.t}/${record.name}`;
  const { t: _t, ...fields } = record;
  return { key, value: JSON.stringify({ version: FORMAT_VERSION, ...fields }) };
}

/**
 * The record; undefined for keys that a newer worker may have invented.
 *
 * @throws MoldauError CORRUPT_BATCH when a known key has a value of another format
 */
export function decodeConfigRecord(key: string, value: string | null): ConfigRecord | undefined {
  const [kind, name] = splitKey(key);
  if (kind !== LEADER_KEY && !isNamed(kind)) return undefined;
  if (value === null) return kind === LEADER_KEY ? undefined : { t: 'tombstone', of: kind, name };
  let parsed: { readonly version?: unknown } | undefined;
  try {
    parsed = JSON.parse(value) as { readonly version?: unknown };
  } catch {
    parsed = undefined;
  }
  if (typeof parsed !== 'object' || parsed.version !== FORMAT_VERSION) {
    throw new MoldauError('CORRUPT_BATCH', `the record '${key}' of the configs topic is not of format ${FORMAT_VERSION}`, { key });
  }
  const { version: _version, ...fields } = parsed;
  return { ...fields, t: kind } as unknown as ConfigRecord;
}

function splitKey(key: string): readonly [kind: string, name: string] {
  const slash = key.indexOf('/');
  return slash < 0 ? [key, ''] : [key.slice(0, slash), key.slice(slash + 1)];
}

function isNamed(kind: string): kind is NamedRecord['t'] {
  return (NAMED_RECORDS as readonly string[]).includes(kind);
}
