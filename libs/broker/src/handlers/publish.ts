import { gatewayService } from '@moldau/protocol';
import type { Publisher } from '../gateway/publish.ts';
import { type RegisteredMethod, unary } from '../request/registered-method.ts';

/** `GatewayService.Publish`: answers when every record is confirmed or failed. */
export function publishMethod(publisher: Publisher): RegisteredMethod {
  return unary(gatewayService.publish, async (request, context) => ({ results: await publisher.publish(request, context) }));
}
