import { addresses, bytes, defaulted, host, integer, optional, path, port, required, text } from '../configuration/setting-kinds.ts';
import { PROCESS_SETTINGS } from './process-settings.ts';

const MIB = 2 ** 20;
const GIB = 2 ** 30;
const INT32_MAX = 2 ** 31 - 1;

/** What the parts of a broker that hold records in memory and on disk may use. */
export const BROKER_BUDGET_SETTINGS = {
  tailCacheBytes: defaulted(bytes(0, 64 * GIB), {
    default: 64 * MIB,
    doc: 'Memory for the newest batches of all partitions together, which consumers at the tail are served from.',
  }),
  produceBudgetBytes: defaulted(bytes(2 * MIB, 16 * GIB), {
    default: 32 * MIB,
    doc: 'Memory for batches that were received and not yet confirmed; when it is full, produce is refused with a retriable error.',
  }),
  fetchBudgetBytes: defaulted(bytes(2 * MIB, 16 * GIB), {
    default: 32 * MIB,
    doc: 'Memory for batches read from disk and not yet sent; when it is full, fetches wait.',
  }),
};

/** Settings of the broker. */
export const BROKER_SETTINGS = {
  ...PROCESS_SETTINGS,
  brokerId: required(integer(0, INT32_MAX), { doc: 'Identity of the broker in its cluster; stays with its data directory.' }),
  dataDir: required(path(), { doc: 'Directory for topics and all other state; made when it is missing.' }),
  rack: optional(text(), { doc: 'Rack or zone of the broker: replicas of a partition are spread over racks.' }),
  coordinators: required(addresses(), { doc: 'Coordinators to begin with; the others are learned from them.' }),
  clientHost: defaulted(host(), { default: '0.0.0.0', doc: 'Address the listener for clients binds to.' }),
  clientPort: defaulted(port({ free: true }), { default: 9092, doc: 'Port of that listener.' }),
  clientAdvertisedHost: optional(host(), {
    doc: "Host by which clients reach this broker. Default: clientHost, or the machine's name where that is a wildcard.",
  }),
  clientAdvertisedPort: optional(port({ free: false }), { doc: 'Port by which clients reach it. Default: clientPort.' }),
  internalHost: defaulted(host(), { default: '0.0.0.0', doc: 'Address the listener for other services of the cluster binds to.' }),
  internalPort: defaulted(port({ free: true }), { default: 9093, doc: 'Port of that listener.' }),
  internalAdvertisedHost: optional(host(), {
    doc: "Host by which other services reach this broker. Default: internalHost, or the machine's name where that is a wildcard.",
  }),
  internalAdvertisedPort: optional(port({ free: false }), { doc: 'Port by which they reach it. Default: internalPort.' }),
  ...BROKER_BUDGET_SETTINGS,
};
