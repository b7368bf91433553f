import { type BrokerId, isUuid, MoldauError, topicId as toTopicId } from '@moldau/kernel';
import { type ItemError, type LagPosition, type OffsetToCommit, partitionService } from '@moldau/protocol';
import type { Peers } from '../gateway/peers.ts';
import type { ClusterState } from '../metadata/cluster-state.ts';
import type { PartitionLocator } from '../partition/partition-locator.ts';
import type { PartitionTable } from '../partition/partition-table.ts';
import type { RequestContext } from '../request/request-context.ts';

/** How long a leader may take to say where a log ends, in milliseconds. Then the offset is taken as it is. */
const ASK_TIMEOUT_MS = 1_000;
/** Ends of other brokers' logs that are remembered; beyond, all are forgotten and asked for again. */
const KNOWN_ENDS_MAX = 100_000;
/** Positions of one request. */
const POSITIONS_MAX = 10_000;

export interface OffsetEndsDeps {
  readonly cluster: ClusterState;
  readonly table: PartitionTable;
  readonly locator: PartitionLocator;
  readonly peers: Peers;
  readonly brokerId: BrokerId;
}

/** By index of the offset in the commit. */
export type OffsetFaults = ReadonlyMap<number, ItemError>;

const NO_FAULTS: OffsetFaults = new Map();

interface Asked {
  readonly at: number;
  readonly position: LagPosition;
}

/**
 * Offsets beyond the end of their log, which the owners of groups don't know. This broker knows the logs that it leads. Of others
 * it remembers where they ended: below that every offset is good for ever, so only what is beyond has the leader asked, all of a
 * commit in one call for each leader. Where nobody answers the offset is taken: a commit must not fail because a partition that
 * it names has no leader, and a reader finds out anyway.
 */
export class OffsetEnds {
  readonly #deps: OffsetEndsDeps;
  readonly #known = new Map<string, number>();

  constructor(deps: OffsetEndsDeps) {
    this.#deps = deps;
  }

  /** Faults of a commit; a promise only when a leader must be asked. */
  check(offsets: readonly OffsetToCommit[], context: RequestContext): OffsetFaults | Promise<OffsetFaults> {
    const faults = new Map<number, ItemError>();
    const toAsk = new Map<BrokerId, Asked[]>();
    for (const [at, each] of offsets.entries()) {
      const { topicId, partition, offset } = each;
      const leading = this.#localEnd(topicId, partition);
      if (leading !== undefined) {
        if (offset > leading) faults.set(at, this.#beyond(each, leading, context));
        continue;
      }
      if (offset <= (this.#known.get(keyOf(each)) ?? -1)) continue;
      const leader = this.#leaderOf(topicId, partition, context);
      if (leader === undefined) continue;
      const asked = toAsk.get(leader);
      const question = { at, position: { topicId, partition, offset: Number.MAX_SAFE_INTEGER } };
      if (asked === undefined) toAsk.set(leader, [question]);
      else asked.push(question);
    }
    if (toAsk.size === 0) return faults.size === 0 ? NO_FAULTS : faults;
    return Promise.all([...toAsk].map(([leader, asked]) => this.#ask(leader, asked, offsets, faults, context))).then(() => faults);
  }

  /** The end of a log that is led here. */
  #localEnd(topicId: string, index: number): number | undefined {
    const partition = this.#deps.table.find(topicId, index);
    return partition?.kind === 'leading' ? partition.log?.endOffset : undefined;
  }

  #leaderOf(topicId: string, index: number, { namespace }: RequestContext): BrokerId | undefined {
    const topic = isUuid(topicId) ? this.#deps.cluster.image.topics.get(toTopicId(topicId)) : undefined;
    const leader = topic?.namespace === namespace && index >= 0 ? topic.partitions.get(index)?.leader : undefined;
    return leader === this.#deps.brokerId ? undefined : leader;
  }

  async #ask(
    leader: BrokerId,
    asked: readonly Asked[],
    offsets: readonly OffsetToCommit[],
    faults: Map<number, ItemError>,
    context: RequestContext,
  ): Promise<void> {
    for (let from = 0; from < asked.length; from += POSITIONS_MAX) {
      const some = asked.slice(from, from + POSITIONS_MAX);
      try {
        const request = { positions: some.map(({ position }) => position) };
        const { results } = await this.#deps.peers.call(leader, partitionService.measureLag, request, context, ASK_TIMEOUT_MS);
        for (const [index, { at }] of some.entries()) {
          const [measured, each] = [results[index], offsets[at]];
          if (measured === undefined || measured.error !== undefined || each === undefined) continue;
          this.#learn(keyOf(each), measured.highWatermark);
          if (each.offset > measured.highWatermark) faults.set(at, this.#beyond(each, measured.highWatermark, context));
        }
      } catch (caught) {
        if (!(caught instanceof MoldauError)) throw caught;
        return;
      }
    }
  }

  #learn(key: string, end: number): void {
    if (this.#known.size >= KNOWN_ENDS_MAX) this.#known.clear();
    this.#known.set(key, end);
  }

  #beyond({ topicId, partition, offset }: OffsetToCommit, end: number, context: RequestContext): ItemError {
    const facts = { topic_id: topicId, partition: String(partition), value: String(offset), end_offset: String(end) };
    const text = `offset ${offset} lies beyond the end of the log, which is ${end}`;
    return this.#deps.locator.toItem(new MoldauError('OFFSET_OUT_OF_RANGE', text, facts), context);
  }
}

function keyOf({ topicId, partition }: OffsetToCommit): string {
  return `${topicId}/${partition}`;
}
