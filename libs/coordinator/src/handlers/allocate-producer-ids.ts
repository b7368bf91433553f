import { allocateProducerIds as decideAllocation, type MetadataImage } from '@moldau/cluster';
import { type BrokerId, type CoordinatorId, MoldauError } from '@moldau/kernel';
import type { AllocateProducerIdsRequest, AllocateProducerIdsResponse } from '@moldau/protocol';
import type { Controller } from '../controller.ts';

/** AllocateProducerIds: the next block, for a broker in its present life or a coordinator. A block whose answer is lost is never used. */
export async function allocateProducerIds(
  request: AllocateProducerIdsRequest,
  controller: Controller,
): Promise<AllocateProducerIdsResponse> {
  const { result } = await controller.writer.change((image) => {
    assertAsker(image, request);
    const { first, count, writes } = decideAllocation(image);
    return { writes, result: { firstProducerId: first, count } };
  });
  return result;
}

function assertAsker(image: MetadataImage, { brokerId, brokerEpoch, coordinatorId }: AllocateProducerIdsRequest): void {
  if (coordinatorId !== undefined) {
    if (image.coordinators.has(coordinatorId as CoordinatorId)) return;
    const facts = { coordinator_id: coordinatorId };
    throw new MoldauError('COORDINATOR_NOT_AVAILABLE', `coordinator ${coordinatorId} is not registered`, facts);
  }
  if (image.brokers.get(brokerId as BrokerId)?.brokerEpoch === brokerEpoch) return;
  const facts = { broker_id: String(brokerId), broker_epoch: String(brokerEpoch) };
  throw new MoldauError('FENCED_BROKER', `broker ${brokerId} is not registered with epoch ${brokerEpoch}`, facts);
}
