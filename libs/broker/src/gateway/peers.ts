import { type BrokerId, type CallMetadata, type Channel, type Clock, type Connector, MoldauError } from '@moldau/kernel';
import { callUnary, type Method } from '@moldau/protocol';
import type { ClusterState } from '../metadata/cluster-state.ts';
import type { RequestContext } from '../request/request-context.ts';

/** Listener on which brokers call each other. */
const INTERNAL_LISTENER = 'internal';

/** The other brokers, for Gateway calls of which they must do a part: forwarded once, in the caller's name. */
export class Peers {
  readonly #clock: Clock;
  readonly #connector: Connector;
  readonly #cluster: ClusterState;
  readonly #channels = new Map<string, Channel>();

  constructor(clock: Clock, connector: Connector, cluster: ClusterState) {
    this.#clock = clock;
    this.#connector = connector;
    this.#cluster = cluster;
  }

  /**
   * Calls another broker on its internal listener.
   *
   * @throws MoldauError LEADER_NOT_AVAILABLE when it is not known where it is (by rejection), and what the call throws
   */
  async call<Request, Response>(
    broker: BrokerId,
    method: Method<Request, Response>,
    request: Request,
    context: RequestContext,
    timeoutMs: number,
  ): Promise<Response> {
    const endpoint = this.#cluster.image.brokers.get(broker)?.endpoints.get(INTERNAL_LISTENER);
    if (endpoint === undefined) {
      throw new MoldauError('LEADER_NOT_AVAILABLE', `broker ${broker} has no internal address`, { leader: String(broker) });
    }
    const leftMs = context.deadlineMs === undefined ? timeoutMs : context.deadlineMs - this.#clock.monotonicMs();
    const channel = this.#channel(`${endpoint.host}:${endpoint.port}`);
    return callUnary(channel, method, request, { metadata: metadataOf(context), timeoutMs: Math.max(1, Math.min(timeoutMs, leftMs)) });
  }

  close(): void {
    for (const channel of this.#channels.values()) channel.close();
    this.#channels.clear();
  }

  #channel(address: string): Channel {
    let channel = this.#channels.get(address);
    if (channel === undefined) {
      channel = this.#connector.connect(address);
      this.#channels.set(address, channel);
    }
    return channel;
  }
}

function metadataOf({ namespace, clientId, trace }: RequestContext): CallMetadata {
  const metadata = new Map<string, string>([['moldau-namespace', namespace]]);
  if (clientId !== '') metadata.set('moldau-client-id', clientId);
  if (trace !== undefined) metadata.set('traceparent', trace.traceparent);
  return metadata;
}
