import { MoldauError, type Offset } from '@moldau/kernel';
import {
  errorToItem,
  type LagPosition,
  type MeasuredLag,
  type MeasureLagRequest,
  type MeasureLagResponse,
  partitionService,
} from '@moldau/protocol';
import { baseTimestampAt } from '@moldau/records';
import type { Partition } from '../partition/partition.ts';
import type { PartitionTable } from '../partition/partition-table.ts';
import { assertCount } from '../produce/produce-terms.ts';
import { type RegisteredMethod, unary } from '../request/registered-method.ts';

const POSITIONS_MAX = 10_000;
/** Of a batch only the header is of interest; the first comes whole anyway. */
const READ_BYTES = 1;
/** Lookups that read from disk; this many run at once for one request. */
const LOOKUPS_AT_ONCE = 8;
/** Timestamps that are remembered, so that a group that stands still is not looked up each second; beyond, all are forgotten. */
const REMEMBERED_MAX = 20_000;

/**
 * `PartitionService.MeasureLag`: how far positions are behind the ends of logs that this broker leads. The time of a position is
 * that of the first record in its batch: a batch holds what was sent within milliseconds.
 */
export function measureLagMethod(table: PartitionTable): RegisteredMethod {
  const meter = new LagLookup(table);
  return unary(partitionService.measureLag, (request: MeasureLagRequest) => meter.measure(request));
}

class LagLookup {
  readonly #table: PartitionTable;
  readonly #timestamps = new Map<string, number>();

  constructor(table: PartitionTable) {
    this.#table = table;
  }

  async measure({ positions }: MeasureLagRequest): Promise<MeasureLagResponse> {
    assertCount('positions', positions.length, POSITIONS_MAX);
    const results: MeasuredLag[] = [];
    let lookups: Promise<void>[] = [];
    for (const [at, position] of positions.entries()) {
      const measured = this.#look(position);
      if (!(measured instanceof Promise)) {
        results[at] = measured;
        continue;
      }
      lookups.push(
        measured.then((result) => {
          results[at] = result;
        }),
      );
      if (lookups.length < LOOKUPS_AT_ONCE) continue;
      await Promise.all(lookups);
      lookups = [];
    }
    await Promise.all(lookups);
    return { results };
  }

  #look(position: LagPosition): MeasuredLag | Promise<MeasuredLag> {
    try {
      const partition = this.#locate(position);
      const { log, leadership } = partition.leading(undefined);
      if (leadership.highWatermark < leadership.epochStart) throw notLeader(position, 'the new leader does not know the end yet');
      const ends = { highWatermark: leadership.highWatermark, logStartOffset: log.startOffset };
      const from = Math.max(position.offset, log.startOffset);
      if (from >= ends.highWatermark) return ends;
      return this.#timestamp(partition, from as Offset, ends.highWatermark).then(
        (nextTimestampMs) => ({ ...ends, nextTimestampMs }),
        (caught: unknown) => failed(caught),
      );
    } catch (caught) {
      return failed(caught);
    }
  }

  async #timestamp(partition: Partition, from: Offset, upTo: Offset): Promise<number | undefined> {
    const key = `${partition.topicId}/${partition.index}/${from}`;
    const remembered = this.#timestamps.get(key);
    if (remembered !== undefined) return remembered;
    const { log } = partition.leading(undefined);
    const { batches, release } = await log.read(from, { maxBytes: READ_BYTES, upTo });
    const [first] = batches;
    const timestampMs = first === undefined ? undefined : baseTimestampAt(first, 0);
    release();
    if (timestampMs === undefined || timestampMs < 0) return undefined;
    if (this.#timestamps.size >= REMEMBERED_MAX) this.#timestamps.clear();
    this.#timestamps.set(key, timestampMs);
    return timestampMs;
  }

  #locate(position: LagPosition): Partition {
    const { topicId, partition } = position;
    const facts = { topic_id: topicId.slice(0, 64), partition: String(partition) };
    const topic = this.#table.topic(topicId);
    if (topic === undefined) throw new MoldauError('UNKNOWN_TOPIC', 'no partition of the topic is here', facts);
    const found = topic.partitions[partition];
    if (found === undefined) throw notLeader(position, `partition ${partition} is not here`);
    return found;
  }
}

function failed(caught: unknown): MeasuredLag {
  return { error: errorToItem(MoldauError.from(caught)), highWatermark: 0, logStartOffset: 0 };
}

function notLeader({ topicId, partition }: LagPosition, text: string): MoldauError {
  return new MoldauError('NOT_LEADER', text, { topic_id: topicId, partition: String(partition) });
}
