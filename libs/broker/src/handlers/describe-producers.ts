import { MoldauError } from '@moldau/kernel';
import {
  adminService,
  type DescribeProducersRequest,
  type DescribeProducersResponse,
  type PartitionProducers,
  type PartitionSelector,
  type ProducerDescription,
} from '@moldau/protocol';
import type { ProducerSummary } from '@moldau/storage';
import type { SelectedPartitions } from '../partition/selected-partitions.ts';
import { assertCount } from '../produce/produce-terms.ts';
import { type RegisteredMethod, unary } from '../request/registered-method.ts';
import type { RequestContext } from '../request/request-context.ts';

const PARTITIONS_MAX = 1_000;
/** Told of one partition. */
const PRODUCERS_MAX = 10_000;

/** `AdminService.DescribeProducers`: the producers that partitions know which this broker leads. It asks nobody else. */
export function describeProducersMethod(selected: SelectedPartitions): RegisteredMethod {
  return unary(adminService.describeProducers, async (request: DescribeProducersRequest, context): Promise<DescribeProducersResponse> => {
    assertCount('partitions', request.partitions.length, PARTITIONS_MAX);
    return { results: request.partitions.map((asked) => describe(selected, asked, context)) };
  });
}

function describe(selected: SelectedPartitions, asked: PartitionSelector, context: RequestContext): PartitionProducers {
  const { partition } = asked;
  let names = { topic: asked.topic?.selector?.$case === 'name' ? asked.topic.selector.value : '', topicId: '' };
  try {
    const topic = selected.topic(asked, context);
    if (topic !== undefined) names = { topic: topic.name, topicId: topic.topicId };
    const { log } = selected.find(asked, context).leading(undefined);
    const producers = log
      .producers(PRODUCERS_MAX)
      .map(description)
      .sort((a, b) => a.producerId - b.producerId);
    return { partition: { ...names, partition, error: undefined }, producers };
  } catch (caught) {
    const error = selected.locator.toItem(MoldauError.from(caught), context);
    return { partition: { ...names, partition, error }, producers: [] };
  }
}

function description({ producerId, producerEpoch, lastSequence, lastMs, openFromOffset }: ProducerSummary): ProducerDescription {
  return { producerId, producerEpoch, lastSequence, lastTimestampMs: lastMs, transactionStartOffset: openFromOffset };
}
