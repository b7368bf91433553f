import type { CallHandlers } from '@moldau/kernel';
import type { GrpcServer, ListenerLimits } from '@moldau/platform-node';
import { advertisedAddress } from '@moldau/service';

/** Messages between services: the largest batch and what goes with it; large snapshots come in parts. */
export const INTERNAL_RECEIVE_BYTES_MAX = 64 * 2 ** 20;

/** A listener as the settings name it. */
export interface ListenerAddress {
  /** Address to bind. */
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly advertisedHost: string | undefined;
  readonly advertisedPort: number | undefined;
}

/** A listener that is bound. */
export interface OpenListener {
  /** What is listened on. */
  readonly bound: { readonly host: string; readonly port: number };
  /** What others are told. */
  readonly advertised: { readonly host: string; readonly port: number };
}

/** What the listeners of each name take. */
const LIMITS: Readonly<Record<'client' | 'internal', Partial<ListenerLimits>>> = {
  client: {},
  internal: { maxReceiveBytes: INTERNAL_RECEIVE_BYTES_MAX },
};

/** Binds a listener. @throws MoldauError ADDRESS_IN_USE, INVALID_CONFIG */
export async function listen(
  server: GrpcServer,
  name: 'client' | 'internal',
  handlers: CallHandlers,
  address: ListenerAddress,
): Promise<OpenListener> {
  const { host } = address;
  const { port } = await server.serve(handlers, { name, host, port: address.port, limits: LIMITS[name] });
  return { bound: { host, port }, advertised: advertisedAddress({ ...address, port }) };
}
