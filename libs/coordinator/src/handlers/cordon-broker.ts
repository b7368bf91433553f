import { type BrokerImage, type BrokerStateChange, changeBrokerState, type MetadataImage } from '@moldau/cluster';
import { type BrokerId, MoldauError } from '@moldau/kernel';
import type { CordonBrokerRequest, CordonBrokerResponse, UncordonBrokerRequest, UncordonBrokerResponse } from '@moldau/protocol';
import type { RequestContext } from './request-context.ts';

/** CordonBroker: the broker takes no new replicas. */
export async function cordonBroker(request: CordonBrokerRequest, context: RequestContext): Promise<CordonBrokerResponse> {
  await changeBroker(request, context, { change: { cordoned: true } });
  return {};
}

/** UncordonBroker: the broker takes replicas again, and is drained no longer. */
export async function uncordonBroker(request: UncordonBrokerRequest, context: RequestContext): Promise<UncordonBrokerResponse> {
  await changeBroker(request, context, { change: { cordoned: false, draining: false } });
  return {};
}

interface BrokerChange {
  readonly change: BrokerStateChange;
  /** Throws a MoldauError where the change can't be. */
  check?(image: MetadataImage): void;
}

/** Changes what an operator says of a broker. Rejects UNKNOWN_BROKER, what `check` throws, and the writer's errors. */
export async function changeBroker(
  { brokerId, dryRun }: { readonly brokerId: number; readonly dryRun: boolean },
  { controller, deps, principal }: RequestContext,
  { change, check }: BrokerChange,
): Promise<void> {
  const { result } = await controller.writer.change((image) => {
    const broker = findBroker(image, brokerId);
    check?.(image);
    const isSo = Object.entries(change).every(([field, value]) => broker[field as keyof BrokerStateChange] === value);
    return { writes: isSo || dryRun ? [] : [changeBrokerState(broker, change)], result: !isSo && !dryRun };
  });
  if (result) deps.logger.info('an operator has changed a broker', { brokerId, ...change, principal });
}

/** @throws MoldauError UNKNOWN_BROKER */
export function findBroker(image: MetadataImage, brokerId: number): BrokerImage {
  const broker = image.brokers.get(brokerId as BrokerId);
  if (broker !== undefined) return broker;
  throw new MoldauError('UNKNOWN_BROKER', `no broker ${brokerId} is registered`, { broker_id: String(brokerId) });
}
