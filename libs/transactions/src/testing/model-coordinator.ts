import { type EncodedRecord, producerId } from '@moldau/kernel';
import type { SeededRandom } from '@moldau/testkit';
import type { MarkerTask } from '../markers.ts';
import type { Answer, Result } from '../result.ts';
import { decodeTransactionRecord, encodeTransactionRecord, type TransactionRecord } from '../transaction-record.ts';
import { TransactionShard } from '../transaction-shard.ts';
import type { PlantedBug } from './planted-bug.ts';

interface Parked {
  readonly end: number;
  readonly release: () => void;
}

/** The owners of one shard, one after the other, with the log that outlives them. */
export class ModelCoordinator {
  readonly #random: SeededRandom;
  readonly #bug: PlantedBug | undefined;
  readonly log: EncodedRecord[] = [];
  committedEnd = 0;
  shard: TransactionShard;
  #parked: Parked[] = [];
  #lastProducerId = 0;

  constructor(random: SeededRandom, bug: PlantedBug | undefined) {
    this.#random = random;
    this.#bug = bug;
    this.shard = this.#newShard();
  }

  /** Runs an operation; its answer comes when its records are committed, and never when this owner dies before. */
  perform<Value>(operation: (shard: TransactionShard) => Result<Value>, release: (answer: Answer<Value>) => void): void {
    const { records, answer } = operation(this.shard);
    for (const record of records) {
      const encoded = encodeTransactionRecord(record);
      this.shard.replay(decodeTransactionRecord(encoded));
      this.log.push(encoded);
      if (this.#bug === 'marker-before-commit') this.shard.commit(record);
    }
    this.#parked.push({ end: this.log.length, release: () => release(answer) });
  }

  /** Commits a part of the log, and releases what waited for it. */
  commitSome(): void {
    const end = this.committedEnd + this.#random.below(this.log.length - this.committedEnd + 1);
    for (const encoded of this.log.slice(this.committedEnd, end)) this.shard.commit(decodeTransactionRecord(encoded));
    this.committedEnd = end;
    const ready = this.#parked.filter((parked) => parked.end <= end);
    this.#parked = this.#parked.filter((parked) => parked.end > end);
    for (const { release } of ready) release();
  }

  /** The owner dies; the next has what was committed, and as much of the rest as the dice say. */
  fail(): void {
    const kept = this.committedEnd + this.#random.below(this.log.length - this.committedEnd + 1);
    this.log.splice(kept);
    this.committedEnd = kept;
    this.#parked = [];
    this.shard = this.load(this.#random.below(2) === 0 ? this.log : compacted(this.log));
  }

  load(log: readonly EncodedRecord[]): TransactionShard {
    const shard = this.#newShard();
    for (const encoded of log) {
      const record = decodeTransactionRecord(encoded);
      if (this.#bug === 'ongoing-in-memory-only' && isOngoing(record)) continue;
      shard.replay(record);
      shard.commit(record);
    }
    return shard;
  }

  markers(): MarkerTask[] {
    return [...this.shard.waitingMarkers()];
  }

  #newShard(): TransactionShard {
    return new TransactionShard({ ids: { take: () => producerId((this.#lastProducerId += 1)) }, idleExpirationMs: 20_000 });
  }
}

/** The newest record of each key, tombstones included. */
export function compacted(log: readonly EncodedRecord[]): EncodedRecord[] {
  const newest = new Map<string, EncodedRecord>();
  for (const record of log) {
    const key = String(record.key);
    newest.delete(key);
    newest.set(key, record);
  }
  return [...newest.values()];
}

function isOngoing(record: TransactionRecord): boolean {
  return record.kind === 'entry' && record.entry.state.kind === 'ongoing';
}
