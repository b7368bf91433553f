import { type Logger, type Meter, MoldauError, parseNamespace, silentLogger, silentMeter } from '@moldau/kernel';
import type { StatusListener } from './status.ts';

/** Options of `createMoldau`. */
export interface MoldauOptions {
  /**
   * Addresses (`host:port`) of some brokers, as a list or separated by commas; any one that answers is enough, the others
   * are learnt from it.
   */
  readonly bootstrap: string | readonly string[];
  /** Name of this program in the brokers' logs and quotas; default `moldau-js`. */
  readonly clientId?: string;
  /** Namespace of all topics named; default the credential's own, or `default`. */
  readonly namespace?: string;
  /** Longest wait for the answer to one call, in ms, 1 … 300,000; default 30,000. */
  readonly requestTimeoutMs?: number;
  /** Default: says nothing. */
  readonly logger?: Logger;
  /** Called with what happens to the connections, see `ClientStatus`. */
  readonly onStatus?: StatusListener;
  /** Where the client's metrics go, labelled with `clientId`; default nowhere. */
  readonly meter?: Meter;
}

/** The options, checked and complete. */
export interface ClientSettings {
  readonly bootstrap: readonly string[];
  readonly clientId: string;
  readonly namespace: string | undefined;
  readonly requestTimeoutMs: number;
  readonly logger: Logger;
  readonly onStatus: StatusListener;
  readonly meter: Meter;
}

const CLIENT_ID_DEFAULT = 'moldau-js';
const CLIENT_ID_LENGTH_MAX = 249;
const BOOTSTRAP_MAX = 1_000;
const REQUEST_TIMEOUT_MS_DEFAULT = 30_000;
/** As the protocol allows for the confirmation of a batch. */
const REQUEST_TIMEOUT_MS_MAX = 300_000;
const ADDRESS = /^(?:\[[0-9a-fA-F:.]+\]|[^\s:,]+):(\d{1,5})$/;
const CLIENT_ID = /^[\x20-\x7e]+$/;
const PORT_MAX = 65_535;

/** @throws MoldauError INVALID_CONFIG with the option, its value and its limit; INVALID_NAMESPACE */
export function parseClientOptions(options: MoldauOptions): ClientSettings {
  const list = typeof options.bootstrap === 'string' ? options.bootstrap.split(',') : options.bootstrap;
  const bootstrap = [...new Set(list.map((address) => address.trim()).filter((address) => address !== ''))];
  if (bootstrap.length === 0) throw invalidOption('bootstrap', String(options.bootstrap), 'at least one host:port');
  if (bootstrap.length > BOOTSTRAP_MAX) throw invalidOption('bootstrap', `${bootstrap.length} addresses`, `at most ${BOOTSTRAP_MAX}`);
  for (const address of bootstrap) {
    const port = Number(ADDRESS.exec(address)?.[1] ?? 0);
    if (port < 1 || port > PORT_MAX) throw invalidOption('bootstrap', address, 'host:port with a port of 1–65535');
  }
  const clientId = options.clientId ?? CLIENT_ID_DEFAULT;
  if (clientId.length > CLIENT_ID_LENGTH_MAX || !CLIENT_ID.test(clientId)) {
    throw invalidOption('clientId', clientId, `1–${CLIENT_ID_LENGTH_MAX} printable ASCII characters`);
  }
  return {
    bootstrap,
    clientId,
    namespace: options.namespace === undefined ? undefined : parseNamespace(options.namespace),
    requestTimeoutMs: integerOption(
      'requestTimeoutMs',
      options.requestTimeoutMs,
      { min: 1, max: REQUEST_TIMEOUT_MS_MAX },
      REQUEST_TIMEOUT_MS_DEFAULT,
    ),
    logger: options.logger ?? silentLogger,
    onStatus: options.onStatus ?? (() => {}),
    meter: options.meter ?? silentMeter,
  };
}

/** An integer option within its limits, or its default. @throws MoldauError INVALID_CONFIG */
export function integerOption(
  name: string,
  value: number | undefined,
  limits: { readonly min: number; readonly max: number },
  otherwise: number,
): number {
  if (value === undefined) return otherwise;
  const { min, max } = limits;
  if (!Number.isSafeInteger(value) || value < min || value > max) throw invalidOption(name, String(value), `an integer of ${min}–${max}`);
  return value;
}

/** One of the names allowed, or the default. @throws MoldauError INVALID_CONFIG */
export function nameOption<const Name extends string>(
  name: string,
  value: Name | undefined,
  allowed: readonly Name[],
  otherwise: Name,
): Name {
  if (value === undefined) return otherwise;
  if (!allowed.includes(value)) throw invalidOption(name, String(value), `one of ${allowed.join(', ')}`);
  return value;
}

export function invalidOption(option: string, value: string, limit: string): MoldauError {
  return new MoldauError('INVALID_CONFIG', `option ${option} is '${value}'; expected ${limit}`, { option, value, limit });
}
