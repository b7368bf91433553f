import { type CallMetadata, type Channel, MoldauError } from '@moldau/kernel';
import {
  type ClientCall,
  type ClientStreamEvents,
  callUnary,
  type GetMetadataRequest,
  type GetMetadataResponse,
  type Method,
  metadataService,
  openStream,
} from '@moldau/protocol';
import { backoffMs } from '../backoff.ts';
import type { ClientSettings } from '../client-options.ts';
import { delay, throwIfAborted } from '../delay.ts';
import type { ClientPorts } from '../ports.ts';
import { Connections } from './connections.ts';
import { Health } from './health.ts';
import { MetadataCache } from './metadata-cache.ts';

/** Longest wait for one address when others could be asked: a broker that is there answers metadata from memory. */
const METADATA_TIMEOUT_MS = 5_000;
/** With less time left another try would only make of a refusal a call of which nobody knows what became. */
const LAST_TRY_MS = 20;
/** Tries at all addresses before a cluster that has never answered is an error. */
const FIRST_CONTACT_ROUNDS = 3;

export interface CallLimits {
  /** Default: the client's `requestTimeoutMs`. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface AnyBrokerLimits extends CallLimits {
  /** Doing it twice does no harm, so it is tried again also when nobody knows whether it was done. */
  readonly repeatable: boolean;
  /** Errors that say nothing against the broker that answered: the wait before it is asked again, in ms; undefined: as for others. */
  readonly pauseMs?: (error: MoldauError, attempt: number) => number | undefined;
}

/** The cluster as everything in the client reaches it: any broker, one broker, and who leads what. */
export class Cluster {
  readonly ports: ClientPorts;
  readonly settings: ClientSettings;
  readonly metadata: MetadataCache;
  readonly health: Health;
  readonly #connections: Connections;
  readonly #callMetadata: CallMetadata;
  /** The address that answered last. */
  #preferred: string | undefined;
  /** The address that fell silent last: asked after all others, until it answers. */
  #avoided: string | undefined;
  #connected = false;
  #everConnected = false;
  #closed = false;

  constructor(ports: ClientPorts, settings: ClientSettings) {
    this.ports = ports;
    this.settings = settings;
    this.health = new Health(ports, settings);
    this.#connections = new Connections(ports.connector);
    const headers: [string, string][] = [['moldau-client-id', settings.clientId]];
    if (settings.namespace !== undefined) headers.push(['moldau-namespace', settings.namespace]);
    this.#callMetadata = new Map(headers);
    const { clock, scheduler, random } = ports;
    this.metadata = new MetadataCache({
      clock,
      scheduler,
      random,
      fetch: (request) => this.#fetchMetadata(request),
      watch: (brokerId, events) => this.openStream(brokerId, metadataService.watchMetadata, events),
      silent: (brokerId) => this.#avoid(this.metadata.broker(brokerId)?.address),
    });
    this.metadata.subscribe(() => this.#retainConnections());
  }

  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Calls a method that any broker answers, at one address after the other until one does.
   *
   * @throws MoldauError the first final error; after the timeout, or when a cluster that was never reached can't be, the last
   * retriable one
   */
  async callAny<Request, Response>(method: Method<Request, Response>, request: Request, limits: AnyBrokerLimits): Promise<Response> {
    const { clock, scheduler, random } = this.ports;
    const deadlineMs = clock.monotonicMs() + (limits.timeoutMs ?? this.settings.requestTimeoutMs);
    for (let round = 0; ; round++) {
      throwIfAborted(limits.signal, method.path);
      try {
        if (this.#preferred === undefined) await this.metadata.contact();
        const leftMs = Math.max(1, deadlineMs - clock.monotonicMs());
        return await this.#callAddress(this.#anyAddress(), method, request, { timeoutMs: leftMs, signal: limits.signal });
      } catch (caught) {
        const error = MoldauError.from(caught);
        const ownPauseMs = limits.pauseMs?.(error, round);
        if (ownPauseMs === undefined) this.#preferred = undefined;
        const again = error.retriable && (limits.repeatable || error.certainty === 'definite' || !this.#everConnected);
        if (!again || (!this.#everConnected && round + 1 >= FIRST_CONTACT_ROUNDS)) throw error;
        const pauseMs = error.retryAfterMs ?? ownPauseMs ?? backoffMs(random, round);
        if (clock.monotonicMs() + pauseMs + LAST_TRY_MS >= deadlineMs) throw error;
        await delay(scheduler, pauseMs, limits.signal);
      }
    }
  }

  /** Calls one broker once. @throws MoldauError, LEADER_NOT_AVAILABLE when its address is unknown */
  async callBroker<Request, Response>(
    brokerId: number,
    method: Method<Request, Response>,
    request: Request,
    limits: CallLimits = {},
  ): Promise<Response> {
    const broker = this.metadata.broker(brokerId);
    if (broker === undefined) throw unknownAddress(brokerId);
    return this.#callAddress(broker.address, method, request, limits);
  }

  /** Opens a stream to one broker; undefined when its address is unknown. */
  openStream<Request, Response>(
    brokerId: number,
    method: Method<Request, Response>,
    events: ClientStreamEvents<Response>,
  ): ClientCall<Request> | undefined {
    const broker = this.metadata.broker(brokerId);
    if (broker === undefined || this.#closed) return undefined;
    return openStream(this.#channel(broker.address), method, { metadata: this.#callMetadata }, events);
  }

  /** The broker did not answer, or its stream broke. */
  brokerFailed(brokerId: number, error: MoldauError): void {
    this.health.brokerFailed({ brokerId, address: this.metadata.broker(brokerId)?.address ?? '' }, error);
  }

  /** Cancels what is under way and closes all connections. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.metadata.close();
    this.health.close();
    this.#connections.close();
  }

  async #callAddress<Request, Response>(
    address: string,
    method: Method<Request, Response>,
    request: Request,
    limits: CallLimits,
  ): Promise<Response> {
    const timeoutMs = limits.timeoutMs ?? this.settings.requestTimeoutMs;
    const signal = limits.signal === undefined ? {} : { signal: limits.signal };
    return callUnary(this.#channel(address), method, request, { metadata: this.#callMetadata, timeoutMs, ...signal });
  }

  #channel(address: string): Channel {
    if (this.#closed) throw new MoldauError('CLIENT_CLOSED', 'the client is closed');
    return this.#connections.channel(address);
  }

  /** One try at each address: the one that answered last, the other brokers, then the bootstrap list. */
  async #fetchMetadata(request: GetMetadataRequest): Promise<GetMetadataResponse> {
    let last: MoldauError | undefined;
    const timeoutMs = Math.min(METADATA_TIMEOUT_MS, this.settings.requestTimeoutMs);
    for (const address of this.#addresses()) {
      try {
        const response = await this.#callAddress(address, metadataService.getMetadata, request, { timeoutMs });
        this.#noteConnected(address, response.clusterId);
        return response;
      } catch (caught) {
        last = MoldauError.from(caught);
        if (this.#preferred === address) this.#preferred = undefined;
        if (!last.retriable) throw last;
      }
    }
    const error = last ?? new MoldauError('CONNECTION_FAILED', 'no address is known');
    throw this.#noteDisconnected(error);
  }

  #addresses(): readonly string[] {
    const brokers = [...(this.metadata.cluster?.brokers.values() ?? [])].map(({ address }) => address);
    const preferred = this.#preferred === undefined ? [] : [this.#preferred];
    // Clients that start together do not all turn to the same broker.
    const addresses = new Set([...preferred, ...this.#shuffled(brokers), ...this.#shuffled(this.settings.bootstrap)]);
    if (this.#avoided !== undefined && addresses.delete(this.#avoided)) addresses.add(this.#avoided);
    return [...addresses];
  }

  #avoid(address: string | undefined): void {
    this.#avoided = address;
    if (this.#preferred === address) this.#preferred = undefined;
  }

  #anyAddress(): string {
    return this.#preferred ?? this.#addresses()[0] ?? '';
  }

  #shuffled(addresses: readonly string[]): readonly string[] {
    const from = addresses.length === 0 ? 0 : this.ports.random.below(addresses.length);
    return [...addresses.slice(from), ...addresses.slice(0, from)];
  }

  #noteConnected(address: string, clusterId: string): void {
    this.#preferred = address;
    if (this.#avoided === address) this.#avoided = undefined;
    if (this.#connected) return;
    this.health.connected = true;
    this.#connected = true;
    this.#everConnected = true;
    this.health.tell({ kind: 'connected', clusterId, address });
  }

  #noteDisconnected(error: MoldauError): MoldauError {
    const tried = this.settings.bootstrap.join(', ');
    const named = new MoldauError(
      error.reason,
      `no broker answers at ${tried}: ${error.message}`,
      { ...error.facts, bootstrap: tried },
      {
        cause: error,
      },
    );
    if (this.#connected || !this.#everConnected) {
      this.#connected = false;
      this.health.connected = false;
      this.ports.logger.warn('no broker answers', { bootstrap: tried, error: error.message });
      this.health.tell({ kind: 'disconnected', error: named });
    }
    return named;
  }

  #retainConnections(): void {
    const brokers = [...(this.metadata.cluster?.brokers.values() ?? [])].map(({ address }) => address);
    this.#connections.retain(new Set([...brokers, ...this.settings.bootstrap]));
    this.health.metadataChanged();
  }
}

export function unknownAddress(brokerId: number): MoldauError {
  const facts = { broker_id: String(brokerId) };
  return new MoldauError('LEADER_NOT_AVAILABLE', `the address of broker ${brokerId} is not known`, facts);
}
