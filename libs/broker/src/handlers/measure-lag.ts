import { MoldauError, type Offset } from '@moldau/kernel';
import {
  errorToItem,
  type LagPosition,
  type MeasuredLag,
  type MeasureLagRequest,
  type MeasureLagResponse,
  partitionService,
} from '@moldau/protocol';
import { baseTimestampAt, deleteHorizonAt, isControlAt, maxTimestampAt, nextOffsetAt } from '@moldau/records';
import type { Partition } from '../partition/partition.ts';
import type { PartitionTable } from '../partition/partition-table.ts';
import { assertCount } from '../produce/produce-terms.ts';
import { type RegisteredMethod, unary } from '../request/registered-method.ts';

const POSITIONS_MAX = 10_000;
/** Of a batch only the header is of interest; the first comes whole anyway. */
const READ_BYTES = 1;
/** Lookups that read from disk; this many run at once for one request. */
const LOOKUPS_AT_ONCE = 8;
/** Batches of markers that one lookup passes over; what lies behind more of them counts as not read until the next lookups come there. */
const MARKERS_PASSED_MAX = 64;
/** What comes next is remembered for so many positions, so that a group that stands still is not looked up each second; beyond, all are forgotten. */
const REMEMBERED_MAX = 20_000;

/**
 * `PartitionService.MeasureLag`: how far positions are behind the ends of logs that this broker leads. The time of a position is
 * that of the first record in its batch: a batch holds what was sent within milliseconds. Markers of transactions that come next are no
 * records: a position before the last of them is not behind.
 */
export function measureLagMethod(table: PartitionTable): RegisteredMethod {
  const meter = new LagLookup(table);
  return unary(partitionService.measureLag, (request: MeasureLagRequest) => meter.measure(request));
}

/** What comes first at or after a position, markers left out. */
interface Next {
  readonly offset: Offset;
  /** Undefined: nothing is there, or it has no time. */
  readonly timestampMs: number | undefined;
}

class LagLookup {
  readonly #table: PartitionTable;
  readonly #known = new Map<string, Next>();

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
      const ends = { highWatermark: leadership.highWatermark, logStartOffset: log.startOffset, readFrom: 0 };
      const from = Math.max(position.offset, log.startOffset);
      if (from >= ends.highWatermark) return ends;
      return this.#next(partition, from as Offset, ends.highWatermark).then(
        ({ offset: readFrom, timestampMs: nextTimestampMs }) => ({ ...ends, readFrom, nextTimestampMs }),
        (caught: unknown) => failed(caught),
      );
    } catch (caught) {
      return failed(caught);
    }
  }

  async #next(partition: Partition, from: Offset, upTo: Offset): Promise<Next> {
    const key = `${partition.topicId}/${partition.index}/${from}`;
    const known = this.#known.get(key);
    if (known !== undefined && (known.timestampMs !== undefined || known.offset >= upTo)) return known;
    const next = await nextRecord(partition, known?.offset ?? from, upTo);
    if (this.#known.size >= REMEMBERED_MAX) this.#known.clear();
    this.#known.set(key, next);
    return next;
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

async function nextRecord(partition: Partition, from: Offset, upTo: Offset): Promise<Next> {
  let offset = from;
  for (let passed = 0; passed < MARKERS_PASSED_MAX && offset < upTo; passed++) {
    const { log } = partition.leading(undefined);
    const { batches, release } = await log.read(offset, { maxBytes: READ_BYTES, upTo });
    const [first] = batches;
    try {
      if (first === undefined) return { offset, timestampMs: undefined };
      if (!isControlAt(first, 0)) return { offset, timestampMs: timeOf(first) };
      offset = nextOffsetAt(first, 0);
    } finally {
      release();
    }
  }
  return { offset, timestampMs: undefined };
}

/** Of a batch that the cleaner has been at, the base timestamp may be a time to come. */
function timeOf(batch: Uint8Array): number | undefined {
  const timestampMs = deleteHorizonAt(batch, 0) === undefined ? baseTimestampAt(batch, 0) : maxTimestampAt(batch, 0);
  return timestampMs < 0 ? undefined : timestampMs;
}

function failed(caught: unknown): MeasuredLag {
  return { error: errorToItem(MoldauError.from(caught)), highWatermark: 0, logStartOffset: 0, readFrom: 0 };
}

function notLeader({ topicId, partition }: LagPosition, text: string): MoldauError {
  return new MoldauError('NOT_LEADER', text, { topic_id: topicId, partition: String(partition) });
}
