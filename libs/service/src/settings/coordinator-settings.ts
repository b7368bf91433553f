import { addresses, defaulted, host, integer, optional, port, secret, text } from '../configuration/setting-kinds.ts';
import { PROCESS_SETTINGS } from './process-settings.ts';

/** Settings of the coordinator. */
export const COORDINATOR_SETTINGS = {
  ...PROCESS_SETTINGS,
  clusterName: defaulted(text('1 … 63 characters of a-z, 0-9 and -', /^[a-z0-9-]{1,63}$/), {
    default: 'default',
    doc: 'Names the cluster within etcd: its keys lie under /moldau/<clusterName>/.',
  }),
  coordinatorId: optional(text('1 … 249 characters of a-z, A-Z, 0-9, ., _ and -', /^[a-zA-Z0-9._-]{1,249}$/), {
    doc: 'Identity of this instance, unique among the living. Default: a new UUID at each start.',
  }),
  etcdEndpoints: defaulted(addresses(), { default: ['127.0.0.1:2379'], doc: 'Addresses of the etcd servers.' }),
  etcdUsername: optional(text(), { doc: 'User at etcd; without one the connection is anonymous.' }),
  etcdPassword: optional(secret(), { doc: "The user's password." }),
  internalHost: defaulted(host(), { default: '0.0.0.0', doc: 'Address the listener for brokers and other coordinators binds to.' }),
  internalPort: defaulted(port({ free: true }), { default: 9093, doc: 'Port of that listener.' }),
  internalAdvertisedHost: optional(host(), {
    doc: "Host by which brokers reach this coordinator. Default: internalHost, or the machine's name where that is a wildcard.",
  }),
  internalAdvertisedPort: optional(port({ free: false }), { doc: 'Port by which brokers reach it. Default: internalPort.' }),
  groupLagSeriesMax: defaulted(integer(0, 1_000_000), {
    default: 5_000,
    doc: 'Most series of each metric of consumer lag, one for each partition of a group; the groups furthest behind come first, the others are summed up.',
  }),
};
