import { MoldauError } from '@moldau/kernel';
import { backoffMs } from '../backoff.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { delay } from '../delay.ts';
import type { AdminCallOptions } from './admin-types.ts';
import type { PartitionName } from './placement-types.ts';

/** What is asked of the leaders of partitions, and how. */
export interface LeaderCall<Target extends PartitionName, Item, Result extends { readonly error: MoldauError | undefined }> {
  item(target: Target, topicId: string): Item;
  /** Asks one leader; its results in the order of the items. Rejects when the call as a whole fails. */
  call(leaderId: number, items: readonly Item[], limits: LeaderLimits): Promise<readonly ((target: Target) => Result)[]>;
  failed(target: Target, error: MoldauError): Result;
}

export interface LeaderLimits {
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

interface Asked<Item> {
  readonly index: number;
  readonly item: Item;
}

/**
 * Asks each partition's leader, again after retriable errors until the time is up: for calls that do no harm twice. One result for
 * each target, in their order; rejects only when it is cancelled.
 */
export async function askLeaders<Target extends PartitionName, Item, Result extends { readonly error: MoldauError | undefined }>(
  cluster: Cluster,
  targets: readonly Target[],
  options: AdminCallOptions,
  call: LeaderCall<Target, Item, Result>,
): Promise<readonly Result[]> {
  const { clock, scheduler, random } = cluster.ports;
  const timeoutMs = options.timeoutMs ?? cluster.settings.requestTimeoutMs;
  const deadlineMs = clock.monotonicMs() + timeoutMs;
  const results = targets.map((target) => call.failed(target, unanswered(target, timeoutMs)));
  let open = targets.map((_, index) => index);
  for (let attempt = 0; ; attempt++) {
    const limits = { timeoutMs: Math.max(1, deadlineMs - clock.monotonicMs()), signal: options.signal };
    await askOnce(cluster, { targets, open, results, call, limits });
    open = open.filter((index) => results[index]?.error?.retriable === true);
    const pauseMs = backoffMs(random, attempt);
    if (open.length === 0 || clock.monotonicMs() + pauseMs >= deadlineMs) return results;
    cluster.metadata.requestRefresh();
    await delay(scheduler, pauseMs, options.signal);
  }
}

interface Round<Target extends PartitionName, Item, Result extends { readonly error: MoldauError | undefined }> {
  readonly targets: readonly Target[];
  readonly open: readonly number[];
  readonly results: Result[];
  readonly call: LeaderCall<Target, Item, Result>;
  readonly limits: LeaderLimits;
}

async function askOnce<Target extends PartitionName, Item, Result extends { readonly error: MoldauError | undefined }>(
  cluster: Cluster,
  { targets, open, results, call, limits }: Round<Target, Item, Result>,
): Promise<void> {
  const leaders = new Map<number, Asked<Item>[]>();
  for (const index of open) {
    const target = targets[index]!;
    try {
      const { leaderId, topicId } = await findLeader(cluster, target, limits);
      const group = leaders.get(leaderId) ?? [];
      leaders.set(leaderId, group);
      group.push({ index, item: call.item(target, topicId) });
    } catch (caught) {
      results[index] = call.failed(target, MoldauError.from(caught));
    }
  }
  const asking = [...leaders].map(async ([leaderId, group]) => {
    try {
      const answers = await call.call(
        leaderId,
        group.map(({ item }) => item),
        limits,
      );
      group.forEach(({ index }, place) => {
        const answer = answers[place];
        if (answer !== undefined) results[index] = answer(targets[index]!);
      });
    } catch (caught) {
      if (limits.signal?.aborted === true) throw caught;
      for (const { index } of group) results[index] = call.failed(targets[index]!, MoldauError.from(caught));
    }
  });
  await Promise.all(asking);
}

/** @throws MoldauError UNKNOWN_TOPIC, UNKNOWN_PARTITION, LEADER_NOT_AVAILABLE, and those of the look-up */
async function findLeader(cluster: Cluster, { topic, partition }: PartitionName, { timeoutMs, signal }: LeaderLimits) {
  const view = await cluster.metadata.lookUp(topic, timeoutMs, signal);
  const known = view.partitions[partition];
  const facts = { topic, partition: String(partition) };
  if (known === undefined) throw new MoldauError('UNKNOWN_PARTITION', `${topic} has no partition ${partition}`, facts);
  if (known.leaderId === undefined) throw new MoldauError('LEADER_NOT_AVAILABLE', `${topic}-${partition} has no leader`, facts);
  return { leaderId: known.leaderId, topicId: view.topicId };
}

function unanswered({ topic, partition }: PartitionName, timeoutMs: number): MoldauError {
  const facts = { topic, partition: String(partition), limit: `${timeoutMs} ms` };
  return new MoldauError('REQUEST_TIMED_OUT', `the leader of ${topic}-${partition} did not answer within ${timeoutMs} ms`, facts);
}
