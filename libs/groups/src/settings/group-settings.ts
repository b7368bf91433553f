import { MoldauError } from '@moldau/kernel';
import { ASSIGNOR_NAMES, type AssignorName, isAssignorName } from '../assignor/assignors.ts';
import type { GroupRef } from '../group-ref.ts';

/** What an operator may set for each group, and change while it runs. */
export interface GroupSettings {
  /** A member of whom nothing is heard for so long is removed, in milliseconds. */
  readonly sessionTimeoutMs: number;
  /** How often members are to be heard, in milliseconds; at most a third of the session timeout. */
  readonly heartbeatIntervalMs: number;
  /** How long a member may work on the records it took before it is removed, in milliseconds. */
  readonly processingIntervalMs: number;
  /** Most members. */
  readonly maxSize: number;
  readonly assignor: AssignorName;
  /** Offsets expire so long after their commit or, if later, after the last member left, in milliseconds. */
  readonly offsetsRetentionMs: number;
  /** Of a stream application: copies of the state of each task. */
  readonly streamsStandbys: number;
  /** A member takes a task over at once when its copy lacks at most so many changelog records. */
  readonly streamsAcceptableLag: number;
  /** Tasks that are warmed up at a time. */
  readonly streamsWarmups: number;
}

export interface SettingsView {
  settingsOf(group: GroupRef): GroupSettings;
}

interface NumberSetting {
  readonly field: Exclude<keyof GroupSettings, 'assignor'>;
  readonly min: number;
  readonly max: number;
}

const DAY_MS = 86_400_000;

/** Kafka's defaults, where it has the setting. */
export const DEFAULT_GROUP_SETTINGS: GroupSettings = {
  sessionTimeoutMs: 45_000,
  heartbeatIntervalMs: 5_000,
  processingIntervalMs: 300_000,
  maxSize: 10_000,
  assignor: 'sticky',
  offsetsRetentionMs: 7 * DAY_MS,
  streamsStandbys: 0,
  streamsAcceptableLag: 10_000,
  streamsWarmups: 2,
};

/** Names of the settings, as an operator writes them. */
export const GROUP_SETTINGS: Readonly<Record<string, NumberSetting>> = {
  'session.timeout.ms': { field: 'sessionTimeoutMs', min: 1_000, max: 1_800_000 },
  'heartbeat.interval.ms': { field: 'heartbeatIntervalMs', min: 100, max: 600_000 },
  'processing.interval.ms': { field: 'processingIntervalMs', min: 1_000, max: DAY_MS },
  'max.size': { field: 'maxSize', min: 1, max: 10_000 },
  'offsets.retention.ms': { field: 'offsetsRetentionMs', min: 60_000, max: 3_650 * DAY_MS },
  'streams.acceptable.recovery.lag': { field: 'streamsAcceptableLag', min: 0, max: 1_000_000_000 },
  'streams.max.warmup.replicas': { field: 'streamsWarmups', min: 1, max: 100 },
  'streams.standby.replicas': { field: 'streamsStandbys', min: 0, max: 5 },
};

/** Name of the setting that chooses the assignor. */
export const ASSIGNOR_SETTING = 'assignor';

/**
 * `base` with what `values` set over it.
 *
 * @throws MoldauError INVALID_CONFIG with the setting, the value and the limit
 */
export function parseGroupSettings(values: ReadonlyMap<string, string>, base: GroupSettings = DEFAULT_GROUP_SETTINGS): GroupSettings {
  const settings = { ...base };
  for (const [name, value] of values) {
    if (name === ASSIGNOR_SETTING) {
      if (!isAssignorName(value)) throw invalid(name, value, `one of ${ASSIGNOR_NAMES.join(', ')}`);
      settings.assignor = value;
    } else {
      const setting = Object.hasOwn(GROUP_SETTINGS, name) ? GROUP_SETTINGS[name] : undefined;
      if (setting === undefined) throw invalid(name, value, 'a setting of groups');
      settings[setting.field] = parseWhole(name, value, setting);
    }
  }
  if (settings.heartbeatIntervalMs * 3 > settings.sessionTimeoutMs) {
    throw invalid('heartbeat.interval.ms', String(settings.heartbeatIntervalMs), 'at most a third of session.timeout.ms');
  }
  return settings;
}

function parseWhole(name: string, value: string, { min, max }: NumberSetting): number {
  const parsed = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
  if (!(parsed >= min && parsed <= max)) throw invalid(name, value, `${min} to ${max}`);
  return parsed;
}

function invalid(setting: string, value: string, limit: string): MoldauError {
  return new MoldauError('INVALID_CONFIG', `${setting} = '${value}': must be ${limit}`, { setting, value, limit });
}
