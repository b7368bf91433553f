import { advance, assert, MoldauError, type Offset, offset } from '@moldau/kernel';
import type { Pause } from './pause.ts';
import type { ShardAppended, ShardLog } from './shard-log.ts';

/** What the leader takes for: write a mark of the shard epoch. */
const MARK = new Uint8Array(0);
const MARK_RECORDS = 1;

/** How an append ended. `lost`: the log is another's, or takes the batch never. `stopped`: by `Pause.end`. */
export type AppendEnd =
  | { readonly kind: 'committed' }
  | { readonly kind: 'lost'; readonly error: MoldauError; readonly mayBeWritten: boolean }
  | { readonly kind: 'stopped' };

/** How a claim ended. Everything below `markedAt` is committed, and nobody of an older epoch writes behind it any more. */
export type ClaimEnd = { readonly kind: 'claimed'; readonly markedAt: Offset } | Extract<AppendEnd, { readonly kind: 'lost' | 'stopped' }>;

export interface OwnedLogOptions {
  readonly shardEpoch: number;
  readonly appendTimeoutMs: number;
  /** An append failed and is sent again. */
  readonly onRetry: (error: MoldauError) => void;
}

/** A batch on its way, and where it belongs. */
interface Attempt {
  readonly expectedEnd: Offset;
  readonly batch: Uint8Array;
  readonly records: number;
}

/**
 * The owner's end of compare-and-append. Behind the end that is known to be committed, `#end`, the log can only hold what this
 * owner has sent: nothing, or the one batch under way, or that batch and marks that were to confirm it. So where the log ends
 * tells which of these it is, whichever leader is asked, also after an uncommitted tail was cut:
 *
 *   end = #end                     nothing is there: the same batch is sent again
 *   end ≥ #end + records, ≤ max    it is there, perhaps not committed: a mark is appended behind it; with the mark it is
 *   anything else                  somebody else writes: lost
 *
 * It holds because no second batch is ever sent with the same expected end, and because a log takes no claim of an epoch
 * that it has a mark of: a claim expects no end, so a late copy of it could come between otherwise.
 */
export class OwnedLog {
  readonly #log: ShardLog;
  readonly #pause: Pause;
  readonly #options: OwnedLogOptions;
  /** Where the log ended, committed, after the last append. */
  #end = 0 as Offset;

  constructor(log: ShardLog, pause: Pause, options: OwnedLogOptions) {
    this.#log = log;
    this.#pause = pause;
    this.#options = options;
  }

  /** Appends the first mark of the epoch. When there is one already, by an earlier attempt, another behind it. */
  async claim(): Promise<ClaimEnd> {
    let expectedEnd: Offset | undefined;
    for (;;) {
      if (this.#pause.ended) return { kind: 'stopped' };
      try {
        const { baseOffset, endOffset } = await this.#send(expectedEnd, MARK);
        this.#end = endOffset;
        this.#pause.reset();
        return { kind: 'claimed', markedAt: baseOffset };
      } catch (caught) {
        const error = MoldauError.from(caught);
        if (isFinal(error)) return { kind: 'lost', error, mayBeWritten: false };
        // Nothing is known of the log yet, so any end will do: the mark behind it proves that all before it is committed.
        expectedEnd = conflictingEnd(error) ?? expectedEnd;
        if (!this.#pause.ended) this.#options.onRetry(error);
      }
      await this.#pause.wait();
    }
  }

  /** Appends a batch of so many records; without records a mark, which proves that the shard is still this owner's. */
  async append(batch: Uint8Array, records: number): Promise<AppendEnd> {
    const first: Attempt =
      records === 0 ? { expectedEnd: this.#end, batch: MARK, records: MARK_RECORDS } : { expectedEnd: this.#end, batch, records };
    const firstEnd = advance(this.#end, first.records);
    let attempt = first;
    let endMax = firstEnd;
    let mayBeWritten = false;
    for (;;) {
      if (this.#pause.ended) return { kind: 'stopped' };
      endMax = Math.max(endMax, attempt.expectedEnd + attempt.records) as Offset;
      try {
        const { endOffset } = await this.#send(attempt.expectedEnd, attempt.batch);
        assert(endOffset === attempt.expectedEnd + attempt.records, 'a batch ends where it was expected to', { endOffset });
        this.#end = endOffset;
        this.#pause.reset();
        return { kind: 'committed' };
      } catch (caught) {
        const error = MoldauError.from(caught);
        if (isFinal(error)) return { kind: 'lost', error, mayBeWritten };
        if (error.certainty === 'indefinite') mayBeWritten = true;
        const end = conflictingEnd(error);
        if (end !== undefined) {
          if (end === this.#end) attempt = first;
          else if (mayBeWritten && end >= firstEnd && end <= endMax) attempt = { expectedEnd: end, batch: MARK, records: MARK_RECORDS };
          else return { kind: 'lost', error, mayBeWritten };
        }
        if (!this.#pause.ended) this.#options.onRetry(error);
      }
      await this.#pause.wait();
    }
  }

  #send(expectedEndOffset: Offset | undefined, recordBatch: Uint8Array): Promise<ShardAppended> {
    const { shardEpoch, appendTimeoutMs: timeoutMs } = this.#options;
    return this.#log.append({ shardEpoch, expectedEndOffset, recordBatch, timeoutMs });
  }
}

/** No attempt can succeed any more. */
function isFinal(error: MoldauError): boolean {
  switch (error.reason) {
    case 'FENCED_SHARD':
    case 'RECORD_TOO_LARGE':
    case 'CORRUPT_BATCH':
    case 'INVALID_REQUEST':
      return true;
    default:
      return false;
  }
}

/** Where the log ends when it is not where it was expected to. */
function conflictingEnd(error: MoldauError): Offset | undefined {
  if (error.reason !== 'APPEND_CONFLICT') return undefined;
  const end = Number(error.facts['end_offset']);
  assert(Number.isSafeInteger(end) && end >= 0, 'an append conflict says where the log ends', { ...error.facts });
  return offset(end);
}
