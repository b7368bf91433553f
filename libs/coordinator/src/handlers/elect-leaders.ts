import { electPreferred, electUncleanly, type MetadataImage } from '@moldau/cluster';
import { MoldauError } from '@moldau/kernel';
import { ElectionType, type ElectLeadersRequest, type ElectLeadersResponse } from '@moldau/protocol';
import { alterEachPartition, type FoundPartition } from './alter-each-partition.ts';
import type { RequestContext } from './request-context.ts';

/** ElectLeaders: by preference, or at the price of acknowledged records, which is logged with who asked for it. */
export async function electLeaders(request: ElectLeadersRequest, context: RequestContext): Promise<ElectLeadersResponse> {
  const { partitions: items, dryRun, type } = request;
  const unclean = isUnclean(type);
  const results = await alterEachPartition(
    {
      items,
      dryRun,
      selector: (selector) => selector,
      decide: (image, found) => (unclean ? electAny(image, found) : electPreferred(found.partition, image.brokers)),
    },
    context,
  );
  if (!unclean || dryRun) return { results };
  for (const { topic, topicId, partition, error } of results) {
    if (error !== undefined) continue;
    const { principal, deps } = context;
    deps.logger.warn('an unclean election: acknowledged records may be lost', { topic, topicId, partition, principal });
  }
  return { results };
}

function isUnclean(type: ElectionType): boolean {
  switch (type) {
    case ElectionType.PREFERRED:
      return false;
    case ElectionType.UNCLEAN:
      return true;
    case ElectionType.UNSPECIFIED:
    case ElectionType.UNRECOGNIZED:
      throw new MoldauError('INVALID_REQUEST', 'an election needs a type: preferred or unclean', { field: 'type' });
  }
}

/** @throws MoldauError ELECTION_NOT_NEEDED, NO_ELIGIBLE_LEADER */
function electAny(image: MetadataImage, { partition, topic, index }: FoundPartition) {
  if (partition.leader !== undefined) {
    const facts = { topic: topic.name, partition: String(index), broker_id: String(partition.leader) };
    throw new MoldauError('ELECTION_NOT_NEEDED', `broker ${partition.leader} leads the partition`, facts);
  }
  const state = electUncleanly(partition, image.brokers);
  if (state !== undefined) return state;
  const facts = { topic: topic.name, partition: String(index), replicas: partition.replicas.join(',') };
  throw new MoldauError('NO_ELIGIBLE_LEADER', `none of the replicas ${partition.replicas.join(', ')} serves`, facts);
}
