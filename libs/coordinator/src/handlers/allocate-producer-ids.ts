import { allocateProducerIds as decideAllocation } from '@moldau/cluster';
import { type BrokerId, MoldauError } from '@moldau/kernel';
import type { AllocateProducerIdsRequest, AllocateProducerIdsResponse } from '@moldau/protocol';
import type { Controller } from '../controller.ts';

/** AllocateProducerIds: the next block, for a broker in its present life. A block whose answer is lost is never used. */
export async function allocateProducerIds(
  request: AllocateProducerIdsRequest,
  controller: Controller,
): Promise<AllocateProducerIdsResponse> {
  const { result } = await controller.writer.change((image) => {
    const broker = image.brokers.get(request.brokerId as BrokerId);
    if (broker?.brokerEpoch !== request.brokerEpoch) {
      const facts = { broker_id: String(request.brokerId), broker_epoch: String(request.brokerEpoch) };
      throw new MoldauError('FENCED_BROKER', `broker ${request.brokerId} is not registered with epoch ${request.brokerEpoch}`, facts);
    }
    const { first, count, writes } = decideAllocation(image);
    return { writes, result: { firstProducerId: first, count } };
  });
  return result;
}
