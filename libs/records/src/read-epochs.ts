import { MoldauError } from '@moldau/kernel';
import { baseOffsetAt, partitionLeaderEpochAt } from './batch-header.ts';
import type { BatchSpan } from './batches-in.ts';

/** Epochs that are remembered: of so many changes of the leader since the first batch; older ones are forgotten. */
const EPOCHS_MAX = 64;

interface EpochStart {
  readonly epoch: number;
  /** Where the first batch of it that was read begins. */
  readonly from: number;
}

/** Which leader epochs wrote what one reader has read of one partition: a few numbers, one more for each new leader. */
export class ReadEpochs {
  /** Ascending in both. */
  #starts: EpochStart[] = [];

  /** The reader begins at `offset`; of what was read before, it knows the last leader epoch at most. */
  begin(offset: number | undefined, epoch: number | undefined): void {
    this.#starts = offset === undefined || offset <= 0 || epoch === undefined ? [] : [{ epoch, from: offset - 1 }];
  }

  /** It goes back to `offset`: what was read from there on counts no more. */
  cut(offset: number): void {
    this.#starts = this.#starts.filter(({ from }) => from < offset);
  }

  /** Notes batches that were read one after the other. */
  note(bytes: Uint8Array, spans: readonly BatchSpan[]): void {
    const last = spans.at(-1);
    // Epochs never fall within a log, so with the last one known all are.
    if (last === undefined || partitionLeaderEpochAt(bytes, last.position) === this.#starts.at(-1)?.epoch) return;
    for (const { position } of spans) {
      const epoch = partitionLeaderEpochAt(bytes, position);
      if (epoch > (this.#starts.at(-1)?.epoch ?? -1)) this.#starts.push({ epoch, from: baseOffsetAt(bytes, position) });
    }
    this.#starts.splice(0, this.#starts.length - EPOCHS_MAX);
  }

  /** Epoch of the batch that ends at `offset`, or holds it; undefined when that was not read, or is forgotten. */
  before(offset: number): number | undefined {
    return this.#starts.findLast(({ from }) => from < offset)?.epoch;
  }

  /**
   * A broker's LOG_TRUNCATED with the offset up to which the log is as it was read: a broker knows its own epochs, and what was
   * read may have left them earlier. Any other error as it is.
   */
  placed(error: MoldauError): MoldauError {
    const { diverging_epoch: epoch, diverging_offset: offset } = error.facts;
    const own = this.#starts.find((start) => start.epoch > Number(epoch))?.from;
    if (epoch === undefined || offset === undefined || own === undefined || own >= Number(offset)) return error;
    const facts = { ...error.facts, diverging_offset: String(own) };
    return new MoldauError('LOG_TRUNCATED', `${error.message}, and by what was read, up to offset ${own}`, facts, { cause: error });
  }
}
