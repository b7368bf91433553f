import { removeBroker as decideRemoval } from '@moldau/cluster';
import type { RemoveBrokerRequest, RemoveBrokerResponse } from '@moldau/protocol';
import { findBroker } from './cordon-broker.ts';
import type { RequestContext } from './request-context.ts';

/** RemoveBroker: forgets a broker that is gone for good. Rejects UNKNOWN_BROKER, BROKER_NOT_REMOVABLE and the writer's errors. */
export async function removeBroker(
  { brokerId, dryRun }: RemoveBrokerRequest,
  { controller, deps, principal }: RequestContext,
): Promise<RemoveBrokerResponse> {
  await controller.writer.change((image) => {
    const broker = findBroker(image, brokerId);
    const writes = decideRemoval(image, broker, controller.brokers.hasSession(broker.brokerId));
    return { writes: dryRun ? [] : writes, result: undefined };
  });
  if (!dryRun) deps.logger.info('an operator has removed a broker', { brokerId, principal });
  return {};
}
