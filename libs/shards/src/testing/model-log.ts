import { type EncodedRecord, leaderEpoch, MoldauError, type Offset, type Random } from '@moldau/kernel';
import { buildControlBatch, countAt, readBatch, stampPosition } from '@moldau/records';
import type { SimScheduler } from '@moldau/testkit';
import type { ShardAppend, ShardAppended, ShardLog } from '../shard-log.ts';

/** What a broken implementation would do; each must be found. */
export const PLANTED_LOG_BUGS = ['equal claims', 'no fence', 'no compare', 'early answers'] as const;
export type PlantedLogBug = (typeof PLANTED_LOG_BUGS)[number];

export interface ModelLogOptions {
  readonly scheduler: SimScheduler;
  readonly random: Random;
  readonly bug?: PlantedLogBug;
}

interface Entry {
  readonly base: number;
  readonly end: number;
  readonly bytes: Uint8Array;
  readonly mark: number | undefined;
  readonly answer: (error?: MoldauError) => void;
}

const MARK_TYPE = 1000;
const COMMIT_MS_MAX = 30;
const TRAVEL_MS_MAX = 5;

/**
 * The replicated log of a shard as its owners see it: one leader at a time, an uncommitted tail that a change of leader may
 * cut, requests and answers that are late or lost. Its rules are those of the broker.
 */
export class ModelLog {
  readonly #scheduler: SimScheduler;
  readonly #random: Random;
  readonly #bug: PlantedLogBug | undefined;
  readonly #entries: Entry[] = [];
  /** Entries below are committed. */
  #committed = 0;
  #leaderless = false;
  /** Whether requests and answers get lost and late. */
  isFaulty = true;

  constructor({ scheduler, random, bug }: ModelLogOptions) {
    this.#scheduler = scheduler;
    this.#random = random;
    this.#bug = bug;
  }

  get endOffset(): number {
    return this.#entries.at(-1)?.end ?? 0;
  }

  /** All that is committed. */
  records(): EncodedRecord[] {
    const records: EncodedRecord[] = [];
    for (const { bytes, mark } of this.#entries.slice(0, this.#committed)) {
      if (mark !== undefined) continue;
      for (const { key, value } of readBatch(bytes, 0)) records.push({ key: key ?? new Uint8Array(), value: value ?? undefined });
    }
    return records;
  }

  /** For a while nobody leads; then another does, which may lack what was not committed. */
  changeLeader(): void {
    if (this.#leaderless) return;
    this.#leaderless = true;
    const kept = this.#committed + this.#random.below(this.#entries.length - this.#committed + 1);
    for (const { answer } of this.#entries.splice(kept)) answer(error('LEADER_CHANGED_AFTER_APPEND'));
    for (const { answer } of this.#entries.slice(this.#committed)) answer(error('LEADER_CHANGED_AFTER_APPEND'));
    this.#scheduler.after(this.#random.below(200), () => {
      this.#leaderless = false;
      this.#commitSoon();
    });
  }

  /** As an owner reaches it, by its own clock. */
  client(): ShardLog {
    return {
      append: (append) => this.#request(append),
      read: (from, until) => this.#read(from, until),
    };
  }

  #request(append: ShardAppend): Promise<ShardAppended> {
    const { promise, resolve, reject } = Promise.withResolvers<ShardAppended>();
    const copy = { ...append, recordBatch: Uint8Array.from(append.recordBatch) };
    const answer = (base: number, end: number, failure: MoldauError | undefined): void => {
      if (this.#happens(0.1)) return;
      this.#scheduler.after(this.#travelMs(), () => {
        if (failure !== undefined) reject(failure);
        else resolve({ baseOffset: base as Offset, endOffset: end as Offset });
      });
    };
    this.#scheduler.after(append.timeoutMs, () => reject(error('REQUEST_TIMED_OUT')));
    if (this.#happens(0.05)) return promise;
    // Late: perhaps when its sender has given it up and sent it again.
    const delayMs = this.#happens(0.15) ? this.#random.below(2 * append.timeoutMs) : this.#travelMs();
    this.#scheduler.after(delayMs, () => this.#append(copy, answer));
    return promise;
  }

  #append(append: ShardAppend, answer: (base: number, end: number, failure: MoldauError | undefined) => void): void {
    const base = this.endOffset;
    const refusal = this.#refusalOf(append);
    if (refusal !== undefined) {
      answer(0, 0, refusal);
      return;
    }
    const isMark = append.recordBatch.length === 0;
    const bytes = isMark ? buildControlBatch(MARK_TYPE, new Uint8Array(), { timestamp: 0 }) : append.recordBatch;
    const end = base + countAt(bytes, 0);
    stampPosition(bytes, 0, base as Offset, leaderEpoch(0));
    let answered = false;
    const entry = {
      base,
      end,
      bytes,
      mark: append.shardEpoch,
      answer: (failure?: MoldauError): void => {
        if (!answered) answer(base, end, failure);
        answered = true;
      },
    };
    this.#entries.push(isMark ? entry : { ...entry, mark: undefined });
    if (this.#bug === 'early answers') entry.answer();
    this.#commitSoon();
  }

  #refusalOf({ shardEpoch, expectedEndOffset }: ShardAppend): MoldauError | undefined {
    if (this.#leaderless) return error('NOT_LEADER');
    const highest = Math.max(-1, ...this.#entries.map(({ mark }) => mark ?? -1));
    if (shardEpoch < highest && this.#bug !== 'no fence') return error('FENCED_SHARD');
    const conflicts =
      expectedEndOffset === undefined
        ? shardEpoch === highest && this.#bug !== 'equal claims'
        : expectedEndOffset !== this.endOffset && this.#bug !== 'no compare';
    if (!conflicts) return undefined;
    return new MoldauError('APPEND_CONFLICT', 'the log ends elsewhere', { end_offset: String(this.endOffset) });
  }

  #commitSoon(): void {
    const upTo = this.#entries.at(-1);
    this.#scheduler.after(this.#random.below(COMMIT_MS_MAX), () => {
      if (this.#leaderless || upTo === undefined) return;
      const at = this.#entries.indexOf(upTo);
      for (; this.#committed <= at; this.#committed += 1) this.#entries[this.#committed]?.answer();
    });
  }

  async *#read(from: Offset, until: Offset): AsyncGenerator<Uint8Array> {
    for (const { end, bytes } of this.#entries.slice(0, this.#committed)) {
      if (end <= from) continue;
      await new Promise<void>((resolve) => this.#scheduler.after(1, resolve));
      if (this.#happens(0.02)) throw error('NOT_LEADER');
      yield Uint8Array.from(bytes);
      if (end >= until) return;
    }
  }

  #travelMs(): number {
    return this.#random.below(TRAVEL_MS_MAX);
  }

  #happens(probability: number): boolean {
    return this.isFaulty && this.#random.fraction() < probability;
  }
}

function error(reason: 'LEADER_CHANGED_AFTER_APPEND' | 'REQUEST_TIMED_OUT' | 'NOT_LEADER' | 'FENCED_SHARD'): MoldauError {
  return new MoldauError(reason, reason);
}
