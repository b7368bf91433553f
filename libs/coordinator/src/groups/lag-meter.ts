import type { MetadataImage } from '@moldau/cluster';
import { type BrokerId, type Clock, MoldauError, type PartitionIndex, type TopicId } from '@moldau/kernel';
import type { LagPosition, MeasuredLag, MeasureLagRequest, MeasureLagResponse } from '@moldau/protocol';

/** Positions in one request; what the brokers allow. */
const POSITIONS_MAX = 10_000;
/** How long a leader has to answer, in milliseconds: a figure that comes later is not true any more. */
const MEASURE_TIMEOUT_MS = 1_000;

/** Asks the leaders of partitions. */
export interface LagSource {
  /** Rejects with a MoldauError when the broker does not answer in time. */
  measure(broker: BrokerId, request: MeasureLagRequest, timeoutMs: number): Promise<MeasureLagResponse>;
}

export interface Position {
  readonly topicId: TopicId;
  readonly partition: PartitionIndex;
  /** Offset of the next record to read; undefined: only the end is of interest. */
  readonly offset: number | undefined;
}

/** How far behind a position is. */
export interface Lag {
  /** End of what readers see. */
  readonly endOffset: number;
  /** Offsets from the first record that is not read to the end, also those of markers between; undefined: the position has no offset. */
  readonly records: number | undefined;
  /** Age of the first record that is not read, in milliseconds; 0: there is none. */
  readonly ms: number | undefined;
}

export interface LagMeterDeps {
  readonly clock: Clock;
  readonly image: () => MetadataImage;
  readonly source: LagSource;
}

/** Measures how far positions are behind, each leader in one request at a time. */
export class LagMeter {
  readonly #deps: LagMeterDeps;

  constructor(deps: LagMeterDeps) {
    this.#deps = deps;
  }

  /** One for each position, in order. Undefined: the partition has no leader, or that does not answer. */
  async measure(positions: readonly Position[]): Promise<readonly (Lag | undefined)[]> {
    const { topics } = this.#deps.image();
    const results = new Array<Lag | undefined>(positions.length).fill(undefined);
    const byLeader = new Map<BrokerId, number[]>();
    for (const [at, { topicId, partition }] of positions.entries()) {
      const leader = topics.get(topicId)?.partitions.get(partition)?.leader;
      if (leader === undefined) continue;
      const asked = byLeader.get(leader);
      if (asked === undefined) byLeader.set(leader, [at]);
      else asked.push(at);
    }
    await Promise.all([...byLeader].map(([leader, asked]) => this.#ask(leader, asked, positions, results)));
    return results;
  }

  async #ask(leader: BrokerId, asked: readonly number[], positions: readonly Position[], results: (Lag | undefined)[]): Promise<void> {
    for (let from = 0; from < asked.length; from += POSITIONS_MAX) {
      const some = asked.slice(from, from + POSITIONS_MAX);
      const request = some.flatMap((at): LagPosition[] => {
        const position = positions[at];
        return position === undefined ? [] : [{ ...position, offset: position.offset ?? Number.MAX_SAFE_INTEGER }];
      });
      let answer: MeasureLagResponse;
      try {
        answer = await this.#deps.source.measure(leader, { positions: request }, MEASURE_TIMEOUT_MS);
      } catch (caught) {
        if (!(caught instanceof MoldauError)) throw caught;
        return;
      }
      const wallMs = this.#deps.clock.wallMs();
      for (const [index, at] of some.entries()) results[at] = lagOf(positions[at], answer.results[index], wallMs);
    }
  }
}

function lagOf(position: Position | undefined, measured: MeasuredLag | undefined, wallMs: number): Lag | undefined {
  if (position === undefined || measured === undefined || measured.error !== undefined) return undefined;
  const { highWatermark: endOffset, logStartOffset, nextTimestampMs, readFrom } = measured;
  if (position.offset === undefined) return { endOffset, records: undefined, ms: undefined };
  const records = Math.max(0, endOffset - Math.max(position.offset, logStartOffset, readFrom));
  if (records === 0) return { endOffset, records, ms: 0 };
  return { endOffset, records, ms: nextTimestampMs === undefined ? undefined : Math.max(0, wallMs - nextTimestampMs) };
}
