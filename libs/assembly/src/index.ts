export { type Assembled, type Assembly, assemble } from './assemble.ts';
export { type BrokerPart, type BrokerPartOptions, openBroker, startBroker } from './broker-part.ts';
export { INTERNAL_RECEIVE_BYTES_MAX, type ListenerAddress, listen } from './listener.ts';
export type { NodePorts } from './node-ports.ts';
