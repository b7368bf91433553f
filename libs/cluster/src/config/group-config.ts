import { registryOf, type Setting, type SettingProblem, settingProblems } from './setting.ts';

const DAY_MS = 24 * 60 * 60 * 1_000;

/** What an operator may set for each consumer group; the same names, limits and defaults as `@moldau/groups` has. */
export const GROUP_CONFIG_SETTINGS = [
  {
    name: 'assignor',
    type: 'enum',
    values: ['sticky', 'uniform', 'range', 'rack-aware', 'streams'],
    defaultValue: 'sticky',
    documentation: 'How partitions are spread over the members; streams: whole tasks of a stream application, with copies of their state.',
  },
  {
    name: 'heartbeat.interval.ms',
    type: 'int',
    min: 100,
    max: 600_000,
    defaultValue: '5000',
    documentation: 'How often members are to be heard, in milliseconds; at most a third of session.timeout.ms.',
  },
  {
    name: 'max.size',
    type: 'int',
    min: 1,
    max: 10_000,
    defaultValue: '10000',
    documentation: 'Most members of the group.',
  },
  {
    name: 'offsets.retention.ms',
    type: 'long',
    min: 60_000,
    max: 3_650 * DAY_MS,
    defaultValue: String(7 * DAY_MS),
    documentation: 'Offsets expire so long after their commit or, if later, after the last member left, in milliseconds.',
  },
  {
    name: 'processing.interval.ms',
    type: 'int',
    min: 1_000,
    max: DAY_MS,
    defaultValue: '300000',
    documentation: 'How long a member may work on the records it took before it is removed, in milliseconds.',
  },
  {
    name: 'session.timeout.ms',
    type: 'int',
    min: 1_000,
    max: 1_800_000,
    defaultValue: '45000',
    documentation: 'A member of whom nothing is heard for so long is removed, in milliseconds.',
  },
  {
    name: 'streams.acceptable.recovery.lag',
    type: 'int',
    min: 0,
    max: 1_000_000_000,
    defaultValue: '10000',
    documentation:
      'A member takes a task of a stream application over at once when its copy of the state lacks at most so many changelog records.',
  },
  {
    name: 'streams.max.warmup.replicas',
    type: 'int',
    min: 1,
    max: 100,
    defaultValue: '2',
    documentation: 'Tasks of a stream application whose state is copied at a time so that they can move.',
  },
  {
    name: 'streams.standby.replicas',
    type: 'int',
    min: 0,
    max: 5,
    defaultValue: '0',
    documentation: 'Copies of the state of each task of a stream application, in processes other than its own.',
  },
] as const satisfies readonly Setting[];

export const GROUP_CONFIG_REGISTRY = registryOf(GROUP_CONFIG_SETTINGS);

/** Heartbeats within one session: one may be late and one lost. */
const HEARTBEATS_PER_SESSION_MIN = 3;

/** What is wrong with a group's own settings, alone and together. */
export function groupConfigProblems(own: ReadonlyMap<string, string>): SettingProblem[] {
  const problems = settingProblems(GROUP_CONFIG_REGISTRY, own);
  if (problems.length > 0) return problems;
  const value = (name: string): number => Number(own.get(name) ?? GROUP_CONFIG_REGISTRY.get(name)?.defaultValue);
  const intervalMs = value('heartbeat.interval.ms');
  if (intervalMs * HEARTBEATS_PER_SESSION_MIN <= value('session.timeout.ms')) return [];
  return [{ name: 'heartbeat.interval.ms', value: String(intervalMs), limit: 'at most a third of session.timeout.ms' }];
}
