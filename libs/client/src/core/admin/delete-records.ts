import { type MoldauError, offset } from '@moldau/kernel';
import { adminService, type DeleteRecordsPartition, itemToError } from '@moldau/protocol';
import type { Cluster } from '../cluster/cluster.ts';
import type { DeletedRecords, DryRunOptions, RecordsToDelete } from './admin-types.ts';
import { askLeaders } from './ask-leaders.ts';

/** Moves the start of logs: each partition's leader is asked, again after retriable errors, since moving a start twice does no harm. */
export function deleteRecords(
  cluster: Cluster,
  partitions: readonly RecordsToDelete[],
  options: DryRunOptions,
): Promise<readonly DeletedRecords[]> {
  const { dryRun = false } = options;
  return askLeaders<RecordsToDelete, DeleteRecordsPartition, DeletedRecords>(cluster, partitions, options, {
    item: (target, topicId) => ({ topicId, partition: target.partition, before: wireBefore(target) }),
    async call(leaderId, items, limits) {
      const { results } = await cluster.callBroker(leaderId, adminService.deleteRecords, { partitions: [...items], dryRun }, limits);
      return results.map(({ logStartOffset, error }) => ({ topic, partition }) => ({
        topic,
        partition,
        logStartOffset: logStartOffset === undefined ? undefined : offset(logStartOffset),
        error: error === undefined ? undefined : itemToError(error),
      }));
    },
    failed,
  });
}

function wireBefore({ before }: RecordsToDelete): NonNullable<DeleteRecordsPartition['before']> {
  return before === 'all' ? { $case: 'all', value: true } : { $case: 'beforeOffset', value: before.offset };
}

function failed({ topic, partition }: RecordsToDelete, error: MoldauError): DeletedRecords {
  return { topic, partition, logStartOffset: undefined, error };
}
