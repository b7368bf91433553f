import { MoldauError } from '@moldau/kernel';
import { type AbortHangingTransactionResponse, adminService } from '@moldau/protocol';
import type { Cluster } from '../cluster/cluster.ts';
import type { AdminCallOptions, DryRunOptions } from './admin-types.ts';
import { askLeaders } from './ask-leaders.ts';
import type { PartitionName } from './placement-types.ts';
import type { AbortedProducer, HangingTransaction, HangingTransactions, OpenTransaction } from './transaction-types.ts';
import { describeProducers } from './transactions.ts';

/** Questions to a leader at a time: each of them asks the owners of all shards of transactions. */
const ASKED_MAX = 8;

interface Answered extends OpenTransaction {
  readonly producer: AbortedProducer | undefined;
  readonly error: MoldauError | undefined;
}

/**
 * Of the transactions that are open in the partitions those that no coordinator has under way (KIP-664). The leader of each is asked
 * whether it would abort it: one that is under way is none.
 */
export async function findHangingTransactions(
  cluster: Cluster,
  partitions: readonly PartitionName[],
  options: AdminCallOptions,
): Promise<HangingTransactions> {
  const described = await describeProducers(cluster, partitions, options);
  const failed = described.flatMap(({ topic, partition, error }) => (error === undefined ? [] : [{ topic, partition, error }]));
  const open = described.flatMap(({ topic, partition, producers }) =>
    producers.flatMap(({ transactionStartOffset: startOffset, producerId, producerEpoch, lastTimestampMs }) =>
      startOffset === undefined ? [] : [{ topic, partition, startOffset, producerId, producerEpoch, lastTimestampMs }],
    ),
  );
  const hanging: HangingTransaction[] = [];
  const answers = await ask(cluster, open, { ...options, dryRun: true });
  answers.forEach(({ topic, partition, error }, at) => {
    if (error === undefined) hanging.push(open[at]!);
    else if (error.reason !== 'INVALID_TRANSACTION_STATE') failed.push({ topic, partition, error });
  });
  return { hanging, failed };
}

/** @throws MoldauError INVALID_TRANSACTION_STATE, UNKNOWN_TOPIC, UNKNOWN_PARTITION and those of the call */
export async function abortHangingTransaction(cluster: Cluster, target: OpenTransaction, options: DryRunOptions): Promise<AbortedProducer> {
  const [answer] = await ask(cluster, [target], options);
  if (answer?.producer !== undefined) return answer.producer;
  throw answer?.error ?? new MoldauError('INTERNAL', `no answer came for ${target.topic}-${target.partition}`);
}

/** Asks the leaders to abort each; one answer for each, in their order. */
function ask(cluster: Cluster, targets: readonly OpenTransaction[], options: DryRunOptions): Promise<readonly Answered[]> {
  const { dryRun = false } = options;
  return askLeaders<OpenTransaction, Pick<OpenTransaction, 'partition' | 'startOffset'> & { topicId: string }, Answered>(
    cluster,
    targets,
    options,
    {
      item: ({ partition, startOffset }, topicId) => ({ topicId, partition, startOffset }),
      async call(leaderId, items, limits) {
        const outcomes: ((target: OpenTransaction) => Answered)[] = [];
        for (let from = 0; from < items.length; from += ASKED_MAX) {
          const calls = items.slice(from, from + ASKED_MAX).map(async ({ topicId, partition, startOffset }) => {
            const selector = { topic: { selector: { $case: 'topicId' as const, value: topicId } }, partition };
            const request = { partition: selector, startOffset, dryRun };
            try {
              return answered(await cluster.callBroker(leaderId, adminService.abortHangingTransaction, request, limits));
            } catch (caught) {
              return refused(MoldauError.from(caught));
            }
          });
          outcomes.push(...(await Promise.all(calls)));
        }
        return outcomes;
      },
      failed: (target, error) => refused(error)(target),
    },
  );
}

function answered({ producerId, producerEpoch }: AbortHangingTransactionResponse): (target: OpenTransaction) => Answered {
  return ({ topic, partition, startOffset }) => {
    return { topic, partition, startOffset, producer: { producerId, producerEpoch }, error: undefined };
  };
}

function refused(error: MoldauError): (target: OpenTransaction) => Answered {
  return ({ topic, partition, startOffset }) => ({ topic, partition, startOffset, producer: undefined, error });
}
