import { LOG_LEVELS } from '@moldau/kernel';
import { defaulted, host, integer, oneOf, optional, path, port, required } from '../configuration/setting-kinds.ts';
import { BROKER_BUDGET_SETTINGS } from './broker-settings.ts';
import { PROCESS_SETTINGS } from './process-settings.ts';

const INT32_MAX = 2 ** 31 - 1;

/** Settings of standalone: all services in one process. */
export const STANDALONE_SETTINGS = {
  ...PROCESS_SETTINGS,
  logLevel: defaulted(oneOf(...LOG_LEVELS), { ...described(PROCESS_SETTINGS.logLevel), default: 'warn' }),
  logDestination: defaulted(oneOf('stdout', 'stderr'), { ...described(PROCESS_SETTINGS.logDestination), default: 'stderr' }),
  adminHost: defaulted(host(), { ...described(PROCESS_SETTINGS.adminHost), default: '127.0.0.1' }),
  dataDir: required(path(), { doc: 'Directory for topics, metadata and all other state; made when it is missing.' }),
  host: defaulted(host(), { default: '127.0.0.1', doc: 'Address the listener for clients binds to.' }),
  port: defaulted(port({ free: true }), { default: 9092, doc: 'Port of that listener.' }),
  advertisedHost: optional(host(), {
    doc: "Host by which clients reach this broker. Default: host, or the machine's name where that is a wildcard.",
  }),
  advertisedPort: optional(port({ free: false }), { doc: 'Port by which clients reach it. Default: port.' }),
  brokerId: defaulted(integer(0, INT32_MAX), { default: 1, doc: 'Identity of the broker; stays with its data directory.' }),
  output: defaulted(oneOf('table', 'json'), {
    default: 'table',
    doc: 'How the lines that tell of readiness are written to stdout: for people, or as one JSON object.',
  }),
  ...BROKER_BUDGET_SETTINGS,
  // Every batch that stays longer is promoted by V8 and collected with the whole heap: a fourth of a broker's cache keeps the
  // process within 250 MB at full speed, and its consumers at the tail are on the same machine.
  tailCacheBytes: { ...BROKER_BUDGET_SETTINGS.tailCacheBytes, defaultValue: 16 * 2 ** 20 },
};

function described(setting: { readonly doc: string }): { readonly doc: string } {
  return { doc: setting.doc };
}
