import { hostname } from 'node:os';

/** Addresses that stand for all interfaces: nobody can connect to them. */
const WILDCARDS: ReadonlySet<string> = new Set(['0.0.0.0', '::', '[::]']);

export interface AdvertisedOptions {
  /** The address listened on. */
  readonly host: string;
  /** The port that was bound. */
  readonly port: number;
  readonly advertisedHost: string | undefined;
  readonly advertisedPort: number | undefined;
}

/** Where others reach a listener: as the settings say, else where it listens, else the machine's name. */
export function advertisedAddress(options: AdvertisedOptions): { readonly host: string; readonly port: number } {
  const host = options.advertisedHost ?? (WILDCARDS.has(options.host) ? hostname() : options.host);
  return { host, port: options.advertisedPort ?? options.port };
}

/** `host:port`, with brackets around an IPv6 address. */
export function formatAddress(address: { readonly host: string; readonly port: number }): string {
  const host = address.host.includes(':') && !address.host.startsWith('[') ? `[${address.host}]` : address.host;
  return `${host}:${address.port}`;
}
