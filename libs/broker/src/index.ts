export { type Broker, createBroker } from './broker.ts';
export type { ConcurrencyBounds } from './limits/concurrency-limit.ts';
export type { BrokerDeps, BrokerOptions, ListenerEndpoint } from './options.ts';
export type { LogStore } from './partition/log-store.ts';
export type { PartitionLog } from './partition/partition-log.ts';
export type { Readiness } from './readiness.ts';
