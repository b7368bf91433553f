import type { CallHandlers, Connector } from '@moldau/kernel';

/** A network to check: somewhere to serve, and a way to call it. */
export interface TransportUnderTest {
  readonly connector: Connector;
  /** Serves on an address of its choice, as the listener `client`. */
  serve(handlers: CallHandlers): Promise<{ readonly address: string; close(): Promise<void> }>;
  /** An address nobody listens on. */
  readonly deadAddress: string;
}

/** One promise of the transport port, to be checked against every implementation. */
export interface TransportContractCase {
  readonly name: string;
  /** Rejects when the promise is broken. */
  run(transport: TransportUnderTest): Promise<void>;
}
