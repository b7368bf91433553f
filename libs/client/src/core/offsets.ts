import { assert, MoldauError, type Offset, offset } from '@moldau/kernel';
import { fetchService, Isolation, itemToError, type OffsetQuery, type OffsetQueryResult } from '@moldau/protocol';
import { backoffMs } from './backoff.ts';
import type { Cluster } from './cluster/cluster.ts';
import { leaderlessError } from './cluster/leader-hint.ts';
import { delay } from './delay.ts';
import type { FoundOffset, OffsetInquiry, OffsetPosition } from './offset-types.ts';

export interface FindOffsetsOptions {
  readonly isolation: 'read_uncommitted' | 'read_committed';
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** An inquiry, by its place, failed and is made again. */
  failing?(index: number, error: MoldauError): void;
}

/** Queries in one request, as the protocol allows. */
const QUERIES_MAX = 10_000;

/**
 * Asks each partition's leader, again after retriable errors, until all have answered or the time is up. One answer per
 * inquiry, in their order. Rejects only with CANCELLED.
 */
export async function findOffsets(
  cluster: Cluster,
  inquiries: readonly OffsetInquiry[],
  options: FindOffsetsOptions,
): Promise<readonly FoundOffset[]> {
  const { clock, scheduler, random } = cluster.ports;
  const deadlineMs = clock.monotonicMs() + options.timeoutMs;
  const found = new Array<FoundOffset | undefined>(inquiries.length).fill(undefined);
  let open = inquiries.map((_, index) => index);
  for (let attempt = 0; ; attempt++) {
    const leftMs = Math.max(1, deadlineMs - clock.monotonicMs());
    await askAll(cluster, inquiries, open, found, { ...options, timeoutMs: leftMs });
    open = open.filter((index) => found[index]?.error?.retriable === true);
    const known = open.filter((index) => learn(cluster, inquiries[index]!, found[index]?.error));
    for (const index of open) options.failing?.(index, found[index]?.error ?? new MoldauError('INTERNAL', 'no answer'));
    const pauseMs = known.length > 0 && known.length === open.length ? 0 : backoffMs(random, attempt);
    if (open.length === 0 || clock.monotonicMs() + pauseMs >= deadlineMs) break;
    await delay(scheduler, pauseMs, options.signal);
  }
  return found.map((answer, index) => answer ?? failed(inquiries[index]!, new MoldauError('INTERNAL', 'no answer')));
}

/** The ends of logs as readers of that isolation see them. @throws MoldauError the first that could not be found */
export async function findEnds(
  cluster: Cluster,
  partitions: readonly { readonly topic: string; readonly partition: number }[],
  options: Pick<FindOffsetsOptions, 'isolation' | 'signal'>,
): Promise<readonly { readonly topic: string; readonly partition: number; readonly offset: Offset }[]> {
  const inquiries = partitions.map(({ topic, partition }) => ({ topic, partition, position: 'latest' as const }));
  const found = await findOffsets(cluster, inquiries, { ...options, timeoutMs: cluster.settings.requestTimeoutMs });
  return found.map(({ topic, partition, offset, error }) => {
    if (error !== undefined) throw error;
    assert(offset !== undefined, 'a log has an end', { topic, partition });
    return { topic, partition, offset };
  });
}

/** Takes in who leads, if the error says so; true when another leader is known now. */
function learn({ metadata }: Cluster, { topic, partition }: OffsetInquiry, error: MoldauError | undefined): boolean {
  const view = metadata.topic(topic);
  if (error !== undefined && view !== undefined) return metadata.learn({ topic, topicId: view.topicId, partition }, error);
  metadata.requestRefresh();
  return false;
}

async function askAll(
  cluster: Cluster,
  inquiries: readonly OffsetInquiry[],
  open: readonly number[],
  found: (FoundOffset | undefined)[],
  options: FindOffsetsOptions,
): Promise<void> {
  const byLeader = new Map<number, { readonly index: number; readonly query: OffsetQuery }[]>();
  for (const index of open) {
    const inquiry = inquiries[index]!;
    try {
      const { leaderId, query } = await prepare(cluster, inquiry, options);
      const group = byLeader.get(leaderId) ?? [];
      byLeader.set(leaderId, group);
      group.push({ index, query });
    } catch (caught) {
      found[index] = failed(inquiry, MoldauError.from(caught));
    }
  }
  const calls = [...byLeader].flatMap(([leaderId, group]) => {
    const parts: Promise<void>[] = [];
    for (let from = 0; from < group.length; from += QUERIES_MAX) {
      parts.push(askLeader(cluster, leaderId, group.slice(from, from + QUERIES_MAX), inquiries, found, options));
    }
    return parts;
  });
  await Promise.all(calls);
}

async function prepare(
  cluster: Cluster,
  inquiry: OffsetInquiry,
  options: FindOffsetsOptions,
): Promise<{ readonly leaderId: number; readonly query: OffsetQuery }> {
  const { topic, partition, position } = inquiry;
  const view = await cluster.metadata.lookUp(topic, options.timeoutMs, options.signal);
  const known = view.partitions[partition];
  const facts = { topic, partition: String(partition) };
  if (known === undefined) throw new MoldauError('UNKNOWN_PARTITION', `topic '${topic}' has no partition ${partition}`, facts);
  if (known.leaderId === undefined) throw leaderlessError(inquiry);
  const query = { topicId: view.topicId, partition, leaderEpoch: known.leaderEpoch, position: wirePosition(position) };
  return { leaderId: known.leaderId, query };
}

function wirePosition(position: OffsetPosition): NonNullable<OffsetQuery['position']> {
  if (position === 'earliest') return { $case: 'earliest', value: {} };
  if (position === 'latest') return { $case: 'latest', value: {} };
  if (position === 'max-timestamp') return { $case: 'maxTimestamp', value: {} };
  return { $case: 'timestampMs', value: position.timestampMs };
}

async function askLeader(
  cluster: Cluster,
  leaderId: number,
  group: readonly { readonly index: number; readonly query: OffsetQuery }[],
  inquiries: readonly OffsetInquiry[],
  found: (FoundOffset | undefined)[],
  options: FindOffsetsOptions,
): Promise<void> {
  try {
    const isolation = wireIsolation(options.isolation);
    const request = { isolation, queries: group.map(({ query }) => query) };
    const limits = { timeoutMs: options.timeoutMs, signal: options.signal };
    const { results } = await cluster.callBroker(leaderId, fetchService.listOffsets, request, limits);
    cluster.health.brokerAnswered(leaderId);
    group.forEach(({ index }, place) => {
      const result = results[place];
      if (result !== undefined) found[index] = answered(inquiries[index]!, result);
    });
  } catch (caught) {
    if (options.signal?.aborted === true) throw caught;
    const error = MoldauError.from(caught);
    if (error.retriable) cluster.brokerFailed(leaderId, error);
    for (const { index } of group) found[index] = failed(inquiries[index]!, error);
  }
}

export function wireIsolation(isolation: 'read_uncommitted' | 'read_committed'): Isolation {
  return isolation === 'read_committed' ? Isolation.READ_COMMITTED : Isolation.READ_UNCOMMITTED;
}

function answered({ topic, partition }: OffsetInquiry, result: OffsetQueryResult): FoundOffset {
  return {
    topic,
    partition,
    offset: result.offset === undefined ? undefined : offset(result.offset),
    timestampMs: result.timestampMs,
    leaderEpoch: result.leaderEpoch,
    error: result.error === undefined ? undefined : itemToError(result.error),
  };
}

function failed({ topic, partition }: OffsetInquiry, error: MoldauError): FoundOffset {
  return { topic, partition, offset: undefined, timestampMs: undefined, leaderEpoch: undefined, error };
}
