import type { CallOrigin } from '@moldau/protocol';
import type { RequestContext } from '../request/request-context.ts';

/** Who a client is, as the owner of a shard is told. */
export function callOrigin({ principal, namespace, clientId, peer, trace }: RequestContext): CallOrigin {
  return { principal: principal.name, namespace, clientId, clientHost: hostOf(peer), traceparent: trace?.traceparent ?? '' };
}

/** The address without its port. */
function hostOf(peer: string): string {
  const colon = peer.lastIndexOf(':');
  return colon === -1 ? peer : peer.slice(0, colon);
}
