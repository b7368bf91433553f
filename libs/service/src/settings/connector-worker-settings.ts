import { addresses, boolean, defaulted, host, integer, optional, path, port, text } from '../configuration/setting-kinds.ts';
import { PROCESS_SETTINGS } from './process-settings.ts';

/** Settings of the connector-worker. */
export const CONNECTOR_WORKER_SETTINGS = {
  ...PROCESS_SETTINGS,
  bootstrap: defaulted(addresses(), { default: ['127.0.0.1:9092'], doc: 'Addresses of brokers to begin with.' }),
  namespace: optional(text('1 … 63 characters', /^.{1,63}$/), {
    doc: "Namespace of all topics. Default: the credential's own, or `default`.",
  }),
  groupId: defaulted(text('1 … 60 characters of a-z, A-Z, 0-9, ., _ and -', /^[a-zA-Z0-9._-]{1,60}$/), {
    default: 'connect-cluster',
    doc: 'Workers with the same one share connectors; their topics are named after it.',
  }),
  workerId: optional(text('1 … 150 characters of a-z, A-Z, 0-9, ., _, : and -', /^[a-zA-Z0-9._:-]{1,150}$/), {
    doc: 'Identity of this worker, unique among the living. Default: the advertised address of its REST API.',
  }),
  restHost: defaulted(host(), { default: '0.0.0.0', doc: "Address the REST API binds to (Kafka Connect's paths)." }),
  restPort: defaulted(port({ free: true }), { default: 8083, doc: 'Port of the REST API.' }),
  restAdvertisedHost: optional(host(), {
    doc: "Host by which other workers reach this one. Default: restHost, or the machine's name where that is a wildcard.",
  }),
  restAdvertisedPort: optional(port({ free: false }), { doc: 'Port by which other workers reach it. Default: restPort.' }),
  grpcHost: defaulted(host(), { default: '0.0.0.0', doc: 'Address the gRPC listener (ConnectorService) binds to.' }),
  grpcPort: defaulted(port({ free: true }), { default: 8084, doc: 'Port of that listener.' }),
  pluginPath: optional(path(), {
    doc: 'Folder of plugins beside those that come with Moldau, one folder each. Code outside it is never loaded.',
  }),
  replicationFactor: optional(integer(1, 32), {
    doc: 'Replicas of the topics in which workers keep configs, offsets and statuses. Default: the default of the cluster.',
  }),
  keyConverter: defaulted(text(), { default: 'string', doc: 'Converter of keys where a connector names none.' }),
  valueConverter: defaulted(text(), { default: 'string', doc: 'Converter of values where a connector names none.' }),
  headerConverter: defaulted(text(), { default: 'string', doc: "Converter of headers' values where a connector names none." }),
  exactlyOnceSource: defaulted(boolean(), {
    default: true,
    doc: 'Whether sources that can be exactly once write their records and positions in transactions.',
  }),
};
