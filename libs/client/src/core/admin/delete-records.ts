import { MoldauError, offset } from '@moldau/kernel';
import { adminService, type DeleteRecordsPartition, itemToError } from '@moldau/protocol';
import { backoffMs } from '../backoff.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { delay } from '../delay.ts';
import type { DeletedRecords, DryRunOptions, RecordsToDelete } from './admin-types.ts';

type Leaders = Map<number, { readonly index: number; readonly item: DeleteRecordsPartition }[]>;

/** Asks each partition's leader, again after retriable errors until the time is up: moving a start twice does no harm. */
export async function deleteRecords(
  cluster: Cluster,
  partitions: readonly RecordsToDelete[],
  options: DryRunOptions,
): Promise<readonly DeletedRecords[]> {
  const { clock, scheduler, random } = cluster.ports;
  const timeoutMs = options.timeoutMs ?? cluster.settings.requestTimeoutMs;
  const deadlineMs = clock.monotonicMs() + timeoutMs;
  const results = partitions.map((target) => failed(target, unanswered(target, timeoutMs)));
  let open = partitions.map((_, index) => index);
  for (let attempt = 0; ; attempt++) {
    const leftMs = Math.max(1, deadlineMs - clock.monotonicMs());
    await askLeaders(cluster, partitions, open, results, { ...options, timeoutMs: leftMs });
    open = open.filter((index) => results[index]?.error?.retriable === true);
    const pauseMs = backoffMs(random, attempt);
    if (open.length === 0 || clock.monotonicMs() + pauseMs >= deadlineMs) return results;
    cluster.metadata.requestRefresh();
    await delay(scheduler, pauseMs, options.signal);
  }
}

async function askLeaders(
  cluster: Cluster,
  partitions: readonly RecordsToDelete[],
  open: readonly number[],
  results: DeletedRecords[],
  options: DryRunOptions & { readonly timeoutMs: number },
): Promise<void> {
  const leaders: Leaders = new Map();
  for (const index of open) {
    const target = partitions[index]!;
    try {
      const view = await cluster.metadata.lookUp(target.topic, options.timeoutMs, options.signal);
      const known = view.partitions[target.partition];
      const facts = { topic: target.topic, partition: String(target.partition) };
      if (known === undefined) throw new MoldauError('UNKNOWN_PARTITION', `${target.topic} has no partition ${target.partition}`, facts);
      if (known.leaderId === undefined)
        throw new MoldauError('LEADER_NOT_AVAILABLE', `${target.topic}-${target.partition} has no leader`, facts);
      const group = leaders.get(known.leaderId) ?? [];
      leaders.set(known.leaderId, group);
      group.push({ index, item: { topicId: view.topicId, partition: target.partition, before: wireBefore(target) } });
    } catch (caught) {
      results[index] = failed(target, MoldauError.from(caught));
    }
  }
  await Promise.all([...leaders].map(([leaderId, group]) => askLeader(cluster, leaderId, group, partitions, results, options)));
}

async function askLeader(
  cluster: Cluster,
  leaderId: number,
  group: readonly { readonly index: number; readonly item: DeleteRecordsPartition }[],
  partitions: readonly RecordsToDelete[],
  results: DeletedRecords[],
  options: DryRunOptions & { readonly timeoutMs: number },
): Promise<void> {
  try {
    const request = { partitions: group.map(({ item }) => item), dryRun: options.dryRun ?? false };
    const limits = { timeoutMs: options.timeoutMs, signal: options.signal };
    const response = await cluster.callBroker(leaderId, adminService.deleteRecords, request, limits);
    group.forEach(({ index }, place) => {
      const { topic, partition } = partitions[index]!;
      const answer = response.results[place];
      if (answer === undefined) return;
      const logStartOffset = answer.logStartOffset === undefined ? undefined : offset(answer.logStartOffset);
      results[index] = { topic, partition, logStartOffset, error: answer.error === undefined ? undefined : itemToError(answer.error) };
    });
  } catch (caught) {
    if (options.signal?.aborted === true) throw caught;
    for (const { index } of group) results[index] = failed(partitions[index]!, MoldauError.from(caught));
  }
}

function wireBefore({ before }: RecordsToDelete): NonNullable<DeleteRecordsPartition['before']> {
  return before === 'all' ? { $case: 'all', value: true } : { $case: 'beforeOffset', value: before.offset };
}

function unanswered({ topic, partition }: RecordsToDelete, timeoutMs: number): MoldauError {
  const facts = { topic, partition: String(partition), limit: `${timeoutMs} ms` };
  return new MoldauError('REQUEST_TIMED_OUT', `the leader of ${topic}-${partition} did not answer within ${timeoutMs} ms`, facts);
}

function failed({ topic, partition }: RecordsToDelete, error: MoldauError): DeletedRecords {
  return { topic, partition, logStartOffset: undefined, error };
}
