export { type Broker, createBroker, type Readiness } from './broker.ts';
export type { ConcurrencyBounds } from './limits/concurrency-limit.ts';
export type { BrokerDeps, BrokerOptions, ListenerEndpoint } from './options.ts';
