import { adminService, itemToError } from '@moldau/protocol';
import type { AnyBrokerLimits, Cluster } from '../cluster/cluster.ts';
import type { AdminCallOptions, DryRunOptions } from './admin-types.ts';
import type { GroupDescriptionResult, GroupOutcome, ListedGroup, ResetOutcome, ResetTarget, TopicPartitions } from './group-admin-types.ts';
import { describedGroup, groupState, groupType, optionalOffset, wireReset } from './group-admin-wire.ts';
import type { PartitionOutcome } from './placement-types.ts';

/** Groups in one request, as the protocol allows. */
const DESCRIBED_MAX = 100;

/** What operators do with consumer groups: a part of `Admin`. */
export class GroupAdmin {
  readonly #cluster: Cluster;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** The groups of the namespace by name, page after page. */
  async *listGroups(options: AdminCallOptions & { readonly pageSize?: number } = {}): AsyncGenerator<ListedGroup, void, undefined> {
    let pageToken = '';
    do {
      const request = { pageSize: options.pageSize, pageToken };
      const page = await this.#cluster.callAny(adminService.listGroups, request, limitsOf(options, { repeatable: true }));
      for (const { groupId, type, state, members } of page.groups) {
        yield { groupId, type: groupType(type), state: groupState(state), members };
      }
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
  }

  /** Groups with their members, and with committed offsets and lag unless `membersOnly`. */
  async describeGroups(
    groupIds: readonly string[],
    options: AdminCallOptions & { readonly membersOnly?: boolean } = {},
  ): Promise<readonly GroupDescriptionResult[]> {
    const results: GroupDescriptionResult[] = [];
    for (let from = 0; from < groupIds.length; from += DESCRIBED_MAX) {
      const request = { groupIds: groupIds.slice(from, from + DESCRIBED_MAX), membersOnly: options.membersOnly ?? false };
      const answer = await this.#cluster.callAny(adminService.describeGroups, request, limitsOf(options, { repeatable: true }));
      results.push(...answer.results.map(describedGroup));
    }
    return results;
  }

  /** Forgets groups without members, and all that they have committed. */
  async deleteGroups(groupIds: readonly string[], options: DryRunOptions = {}): Promise<readonly GroupOutcome[]> {
    const request = { groupIds: [...groupIds], dryRun: options.dryRun ?? false };
    const { results } = await this.#cluster.callAny(adminService.deleteGroups, request, limitsOf(options, { repeatable: false }));
    return results.map(({ groupId, error }) => ({ groupId, error: error === undefined ? undefined : itemToError(error) }));
  }

  /** Forgets a group's committed offsets of topics to which no member subscribes. */
  async deleteGroupOffsets(
    groupId: string,
    partitions: readonly TopicPartitions[],
    options: DryRunOptions = {},
  ): Promise<readonly PartitionOutcome[]> {
    const request = { groupId, partitions: wireTopics(partitions), dryRun: options.dryRun ?? false };
    // Forgetting twice does no harm.
    const { results } = await this.#cluster.callAny(adminService.deleteGroupOffsets, request, limitsOf(options, { repeatable: true }));
    return results.map(({ topic, topicId, partition, error }) => ({
      topic,
      topicId,
      partition,
      error: error === undefined ? undefined : itemToError(error),
    }));
  }

  /** Moves the committed offsets of a group without members, by default all that it has. Rejects GROUP_NOT_EMPTY. */
  async resetGroupOffsets(
    groupId: string,
    to: ResetTarget,
    options: DryRunOptions & { readonly partitions?: readonly TopicPartitions[] } = {},
  ): Promise<readonly ResetOutcome[]> {
    const { partitions = [], dryRun = false } = options;
    const request = { groupId, partitions: wireTopics(partitions), position: wireReset(to), dryRun };
    // A shift counts from what is committed: twice would be another one.
    const repeatable = dryRun || typeof to === 'string' || !('shift' in to);
    const { results } = await this.#cluster.callAny(adminService.resetGroupOffsets, request, limitsOf(options, { repeatable }));
    return results.map(({ topic, partition, fromOffset, toOffset, error }) => ({
      topic,
      partition,
      from: optionalOffset(fromOffset),
      to: optionalOffset(toOffset),
      error: error === undefined ? undefined : itemToError(error),
    }));
  }
}

function limitsOf({ timeoutMs, signal }: AdminCallOptions, { repeatable }: Pick<AnyBrokerLimits, 'repeatable'>): AnyBrokerLimits {
  return { ...(timeoutMs === undefined ? {} : { timeoutMs }), signal, repeatable };
}

function wireTopics(partitions: readonly TopicPartitions[]): { topic: string; partitions: number[] }[] {
  return partitions.map(({ topic, partitions: indexes = [] }) => ({ topic, partitions: [...indexes] }));
}
