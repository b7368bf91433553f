import { isVisible } from '@moldau/cluster';
import { topicId } from '@moldau/kernel';
import { adminService, CreateTopicsRequest, CreateTopicsResponse, decodeMessage } from '@moldau/protocol';
import type { CatchUp } from '../metadata/catch-up.ts';
import { type RegisteredMethod, rawUnary } from '../request/registered-method.ts';
import type { Forwarder } from '../session/forwarder.ts';

export interface ForwardedDeps {
  readonly forwarder: Forwarder;
  readonly catchUp: CatchUp;
}

/** `AdminService.CreateTopics`: done by the controller, answered when this broker serves the new topics too. */
export function createTopicsMethod({ forwarder, catchUp }: ForwardedDeps): RegisteredMethod {
  return rawUnary(adminService.createTopics, async (bytes, context) => {
    const { dryRun } = decodeMessage(CreateTopicsRequest, bytes);
    const answer = await forwarder.forward(bytes, context);
    const { results } = decodeMessage(CreateTopicsResponse, answer);
    const created = results.filter((result) => result.error === undefined && result.topicId !== '');
    if (dryRun || created.length === 0) return answer;
    await catchUp.wait(context, (image) =>
      created.every((result) => {
        const topic = image.topics.get(topicId(result.topicId));
        return topic !== undefined && isVisible(topic, context.namespace);
      }),
    );
    return answer;
  });
}
