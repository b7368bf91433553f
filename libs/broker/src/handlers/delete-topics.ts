import { isVisible } from '@moldau/cluster';
import { topicId } from '@moldau/kernel';
import { adminService, DeleteTopicsRequest, DeleteTopicsResponse, decodeMessage } from '@moldau/protocol';
import { type RegisteredMethod, rawUnary } from '../request/registered-method.ts';
import type { ForwardedDeps } from './create-topics.ts';

/** `AdminService.DeleteTopics`: done by the controller, answered when this broker shows them no more. */
export function deleteTopicsMethod({ forwarder, catchUp }: ForwardedDeps): RegisteredMethod {
  return rawUnary(adminService.deleteTopics, async (bytes, context) => {
    const { dryRun } = decodeMessage(DeleteTopicsRequest, bytes);
    const answer = await forwarder.forward(bytes, context);
    const { results } = decodeMessage(DeleteTopicsResponse, answer);
    const deleted = results.filter((result) => result.error === undefined && result.topicId !== '');
    if (dryRun || deleted.length === 0) return answer;
    await catchUp.wait(context, (image) =>
      deleted.every((result) => {
        const topic = image.topics.get(topicId(result.topicId));
        return topic === undefined || !isVisible(topic, context.namespace);
      }),
    );
    return answer;
  });
}
