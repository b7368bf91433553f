import type { Moldau } from '@moldau/client';
import { MoldauError } from '@moldau/kernel';
import { createGrpcConnector } from '@moldau/platform-node';
import { callUnary, groupService, itemToError } from '@moldau/protocol';
import { persistently } from './persistently.ts';

const TIMEOUT_MS = 5_000;

export interface BareCommit {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly member: { readonly memberId: string; readonly memberEpoch: number };
}

/** Commits as a member that this program is not. @throws MoldauError what the group refuses it with */
export async function bareCommit(moldau: Moldau, { group, topic, partition, offset, member }: BareCommit): Promise<void> {
  const [described] = await moldau.admin().describeTopics([topic]);
  const { memberId, memberEpoch } = member;
  const offsets = [{ topicId: described?.topicId ?? '', partition, offset, metadata: '' }];
  await persistently(async () => {
    const { brokers } = await moldau.admin().describeCluster();
    const broker = brokers.find(({ fenced }) => !fenced);
    if (broker === undefined) throw new MoldauError('COORDINATOR_NOT_AVAILABLE', 'no broker lives');
    const channel = createGrpcConnector().connect(`${broker.host}:${broker.port}`);
    try {
      const request = { groupId: group, member: { memberId, memberEpoch }, offsets };
      const { results } = await callUnary(channel, groupService.commitOffsets, request, { timeoutMs: TIMEOUT_MS });
      if (results[0]?.error !== undefined) throw itemToError(results[0].error);
    } finally {
      channel.close();
    }
  });
}
