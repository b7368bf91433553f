import { topicId } from '@moldau/kernel';
import { AddPartitionsRequest, AddPartitionsResponse, adminService, decodeMessage } from '@moldau/protocol';
import { type RegisteredMethod, rawUnary } from '../request/registered-method.ts';
import type { ForwardedDeps } from './create-topics.ts';

/** `AdminService.AddPartitions`: done by the controller, answered when this broker shows the new partitions. */
export function addPartitionsMethod({ forwarder, catchUp }: ForwardedDeps): RegisteredMethod {
  return rawUnary(adminService.addPartitions, async (bytes, context) => {
    const { dryRun, topics } = decodeMessage(AddPartitionsRequest, bytes);
    const answer = await forwarder.forward(bytes, context);
    const { results } = decodeMessage(AddPartitionsResponse, answer);
    const grown = results.flatMap((result, index) => {
      const total = topics[index]?.totalPartitions;
      return result.error === undefined && result.topicId !== '' && total !== undefined ? [{ id: topicId(result.topicId), total }] : [];
    });
    if (dryRun || grown.length === 0) return answer;
    await catchUp.wait(context, (image) => grown.every(({ id, total }) => (image.topics.get(id)?.readyPartitions ?? total) >= total));
    return answer;
  });
}
