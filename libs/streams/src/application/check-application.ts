import { MoldauError } from '@moldau/kernel';
import { createStreamsBuilder } from '../dsl/streams-builder.ts';
import type { Topology } from '../graph/topology.ts';
import { validateHandlers } from '../task/failures.ts';
import { APPLICATION_EXPORT, type StreamsApplication, type StreamsSettings } from './application.ts';

/** Names of topics have 249 characters, and hold the application's and the store's name. */
export const APPLICATION_NAME_LENGTH_MAX = 100;
export const COMMIT_INTERVAL_MS_MIN = 10;
/** What is not committed is worked on again after a failure. */
export const COMMIT_INTERVAL_MS_MAX = 300_000;
export const STANDBYS_MAX = 5;
const RECOVERY_LAG_MAX = 1_000_000_000;
const WARMUPS_MAX = 100;
const PROBING_MS_MIN = 50;
const PROBING_MS_MAX = 3_600_000;
/** Some 3 GB. */
export const CACHE_ENTRIES_MAX = 16_777_216;

const LEGAL_NAME = /^[a-zA-Z0-9._-]+$/;

/** An application, checked where it is written. @throws MoldauError INVALID_APPLICATION, INVALID_TOPOLOGY */
export function defineApplication(application: StreamsApplication): StreamsApplication {
  checkName('name', application.name);
  checkName('version', application.version);
  checkSettings(application.name, application.settings ?? {});
  return application;
}

/** What a module exports, as hosts take it. @throws MoldauError INVALID_APPLICATION, INVALID_TOPOLOGY */
export function applicationOf(module: Readonly<Record<string, unknown>>): StreamsApplication {
  const found = module[APPLICATION_EXPORT];
  if (typeof found !== 'object' || found === null)
    throw invalid(`a module of a stream application exports '${APPLICATION_EXPORT}'; this one exports ${listed(Object.keys(module))}`, {
      setting: APPLICATION_EXPORT,
    });
  const { name, version, build, settings } = found as Partial<Record<keyof StreamsApplication, unknown>>;
  if (typeof name !== 'string') throw wrongType('name', name, 'text');
  if (typeof version !== 'string') throw wrongType('version', version, 'text');
  if (typeof build !== 'function') throw wrongType('build', build, 'a function');
  if (settings !== undefined && (typeof settings !== 'object' || settings === null)) throw wrongType('settings', settings, 'an object');
  return defineApplication(found as StreamsApplication);
}

/** Builds and checks what an application does. @throws MoldauError INVALID_TOPOLOGY, UNCONNECTED_STORE, MISSING_SERDE, or what `build` throws */
export function topologyOf(application: StreamsApplication): Topology {
  const builder = createStreamsBuilder();
  application.build(builder);
  return builder.build(application.settings?.build ?? {});
}

function checkName(setting: 'name' | 'version', value: string): void {
  if (value.length >= 1 && value.length <= APPLICATION_NAME_LENGTH_MAX && LEGAL_NAME.test(value)) return;
  const limit = `1–${APPLICATION_NAME_LENGTH_MAX} characters of a-z, A-Z, 0-9, '.', '_' and '-'`;
  const shown = value.slice(0, APPLICATION_NAME_LENGTH_MAX);
  throw invalid(`the ${setting} of an application is '${shown}'; it takes ${limit}`, { setting, value: shown, limit });
}

function checkSettings(name: string, settings: StreamsSettings): void {
  const { guarantee, state, commitIntervalMs, idleMs, futureMs, cacheEntries, handlers = {} } = settings;
  const { standbys, acceptableRecoveryLag, maxWarmups, probingIntervalMs } = settings;
  checkOne(name, { setting: 'guarantee', value: guarantee, allowed: ['at_least_once', 'exactly_once'] });
  checkOne(name, { setting: 'state', value: state, allowed: ['disk', 'memory'] });
  checkWhole(name, { setting: 'commitIntervalMs', value: commitIntervalMs, min: COMMIT_INTERVAL_MS_MIN, max: COMMIT_INTERVAL_MS_MAX });
  checkWhole(name, { setting: 'standbys', value: standbys, min: 0, max: STANDBYS_MAX });
  checkWhole(name, { setting: 'acceptableRecoveryLag', value: acceptableRecoveryLag, min: 0, max: RECOVERY_LAG_MAX });
  checkWhole(name, { setting: 'maxWarmups', value: maxWarmups, min: 1, max: WARMUPS_MAX });
  checkWhole(name, { setting: 'probingIntervalMs', value: probingIntervalMs, min: PROBING_MS_MIN, max: PROBING_MS_MAX });
  checkWhole(name, { setting: 'idleMs', value: idleMs, min: 0, max: Number.MAX_SAFE_INTEGER });
  checkWhole(name, { setting: 'futureMs', value: futureMs, min: 0, max: Number.MAX_SAFE_INTEGER });
  checkWhole(name, { setting: 'cacheEntries', value: cacheEntries, min: 0, max: CACHE_ENTRIES_MAX });
  validateHandlers(handlers);
}

function checkOne(
  name: string,
  { setting, value, allowed }: { readonly setting: string; readonly value: string | undefined; readonly allowed: readonly string[] },
): void {
  if (value === undefined || allowed.includes(value)) return;
  throw invalid(`${setting} of ${name} is ${value}; it takes ${allowed.join(' or ')}`, { setting, value, limit: allowed.join(',') });
}

function checkWhole(
  name: string,
  {
    setting,
    value,
    min,
    max,
  }: { readonly setting: string; readonly value: number | undefined; readonly min: number; readonly max: number },
): void {
  if (value === undefined || (Number.isSafeInteger(value) && value >= min && value <= max)) return;
  const limit = `${min} … ${max}`;
  throw invalid(`${setting} of ${name} is ${value}; it takes ${limit}`, { setting, value: String(value), limit });
}

function wrongType(setting: string, value: unknown, expected: string): MoldauError {
  return invalid(`'${setting}' of an application is ${typeof value}; it takes ${expected}`, { setting, value: typeof value });
}

function listed(names: readonly string[]): string {
  return names.length === 0 ? 'nothing' : names.join(', ');
}

function invalid(message: string, facts: Readonly<Record<string, string>>): MoldauError {
  return new MoldauError('INVALID_APPLICATION', message, facts);
}
