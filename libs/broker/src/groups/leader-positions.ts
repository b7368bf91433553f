import { type BrokerId, MoldauError, type Offset, type PartitionIndex, type TopicId } from '@moldau/kernel';
import { fetchService, Isolation, itemToError, type OffsetQuery } from '@moldau/protocol';
import type { Peers } from '../gateway/peers.ts';
import { findOffset, type SoughtPosition } from '../handlers/list-offsets.ts';
import type { ClusterState } from '../metadata/cluster-state.ts';
import type { PartitionLocator } from '../partition/partition-locator.ts';
import type { RequestContext } from '../request/request-context.ts';

/** How long a leader may take, in milliseconds: positions by time are read from disk. */
const ASK_TIMEOUT_MS = 10_000;
/** Partitions asked of one leader in one request; three queries each. */
const PARTITIONS_PER_REQUEST = 1_000;

export interface Place {
  readonly topicId: TopicId;
  readonly partition: PartitionIndex;
}

/** What a partition's leader says of its log. */
export interface LogPositions {
  readonly logStart: Offset;
  readonly logEnd: Offset;
  /** The first offset at or after the time asked for; undefined: none was asked for, or all records are older. */
  readonly atTime: Offset | undefined;
}

export interface LeaderPositionsDeps {
  readonly cluster: ClusterState;
  readonly locator: PartitionLocator;
  readonly peers: Peers;
  readonly brokerId: BrokerId;
}

/** Where logs begin and end, asked of their leaders wherever they are. */
export class LeaderPositions {
  readonly #deps: LeaderPositionsDeps;

  constructor(deps: LeaderPositionsDeps) {
    this.#deps = deps;
  }

  /** One for each place, in order; an error for a place that could not be asked. */
  async find(places: readonly Place[], timeMs: number | undefined, context: RequestContext): Promise<(LogPositions | MoldauError)[]> {
    const { topics } = this.#deps.cluster.image;
    const results = new Array<LogPositions | MoldauError>(places.length);
    const byLeader = new Map<BrokerId, number[]>();
    for (const [at, { topicId, partition }] of places.entries()) {
      const leader = topics.get(topicId)?.partitions.get(partition)?.leader;
      if (leader === undefined) results[at] = noLeader(topicId, partition);
      else byLeader.set(leader, [...(byLeader.get(leader) ?? []), at]);
    }
    await Promise.all(
      [...byLeader].map(async ([leader, asked]) => {
        for (let from = 0; from < asked.length; from += PARTITIONS_PER_REQUEST) {
          const some = asked.slice(from, from + PARTITIONS_PER_REQUEST);
          const found = await this.#ask(
            leader,
            some.flatMap((at) => places[at] ?? []),
            timeMs,
            context,
          );
          for (const [index, at] of some.entries())
            results[at] = found[index] ?? new MoldauError('NOT_LEADER', 'the leader said nothing', {});
        }
      }),
    );
    return results;
  }

  async #ask(
    leader: BrokerId,
    places: readonly Place[],
    timeMs: number | undefined,
    context: RequestContext,
  ): Promise<(LogPositions | MoldauError)[]> {
    const sought: SoughtPosition[] = [
      { $case: 'earliest', value: {} },
      { $case: 'latest', value: {} },
    ];
    if (timeMs !== undefined) sought.push({ $case: 'timestampMs', value: timeMs });
    try {
      const answers =
        leader === this.#deps.brokerId ? await this.#here(places, sought, context) : await this.#there(leader, places, sought, context);
      return places.map((_, index) => positionsOf(answers.slice(index * sought.length, (index + 1) * sought.length)));
    } catch (caught) {
      if (!(caught instanceof MoldauError)) throw caught;
      return places.map(() => caught);
    }
  }

  async #here(
    places: readonly Place[],
    sought: readonly SoughtPosition[],
    context: RequestContext,
  ): Promise<(number | undefined | MoldauError)[]> {
    const answers: (number | undefined | MoldauError)[] = [];
    for (const { topicId, partition } of places) {
      for (const position of sought) {
        try {
          const replica = this.#deps.locator.locate(topicId, partition, context);
          answers.push((await findOffset(replica, position, undefined, 'read_uncommitted')).offset);
        } catch (caught) {
          answers.push(MoldauError.from(caught));
        }
      }
    }
    return answers;
  }

  async #there(
    leader: BrokerId,
    places: readonly Place[],
    sought: readonly SoughtPosition[],
    context: RequestContext,
  ): Promise<(number | undefined | MoldauError)[]> {
    const queries = places.flatMap((place) => sought.map((position): OffsetQuery => ({ ...place, leaderEpoch: undefined, position })));
    const request = { isolation: Isolation.UNSPECIFIED, queries };
    const { results } = await this.#deps.peers.call(leader, fetchService.listOffsets, request, context, ASK_TIMEOUT_MS);
    return results.map(({ error, offset }) => (error === undefined ? offset : itemToError(error)));
  }
}

function positionsOf([start, end, atTime]: readonly (number | undefined | MoldauError)[]): LogPositions | MoldauError {
  for (const each of [start, end, atTime]) if (each instanceof MoldauError) return each;
  return { logStart: (start ?? 0) as Offset, logEnd: (end ?? 0) as Offset, atTime: atTime as Offset | undefined };
}

function noLeader(topicId: TopicId, partition: PartitionIndex): MoldauError {
  return new MoldauError('NOT_LEADER', `partition ${partition} has no leader at the moment`, {
    topic_id: topicId,
    partition: String(partition),
  });
}
