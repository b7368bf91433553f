import { type Clock, MoldauError, type Offset, type Scheduler } from '@moldau/kernel';
import { assertCrc, assertWholeBatch, baseOffsetAt, isControlAt, nextOffsetAt, readBatch } from '@moldau/records';
import type { Pause } from './pause.ts';
import type { ShardLimits } from './shard-limits.ts';
import type { ShardLog } from './shard-log.ts';
import type { ShardMachine } from './shard-machine.ts';

export interface LoadDeps {
  readonly log: ShardLog;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly pause: Pause;
  readonly limits: Pick<ShardLimits, 'loadStepMs' | 'loadStepRecords'>;
  /** Reading broke off and goes on. */
  readonly onRetry: (error: MoldauError) => void;
}

/** How much was loaded; `stopped`: by `Pause.end`. */
export type LoadEnd = { readonly kind: 'loaded'; readonly records: number } | { readonly kind: 'stopped' };

/** The bytes are no part of the log that goes on where the last ones ended. */
class Unfit extends MoldauError {
  constructor(why: string, at: number) {
    super('CORRUPT_BATCH', `a shard's log ${why} at offset ${at}`, { offset: String(at) });
  }
}

/** How often the clock is looked at: reading it costs as much as replaying a record. */
const RECORDS_PER_LOOK = 32;

/**
 * Replays all records below `until` into a machine, in steps that let others run. Memory: what the log's reader buffers and
 * one chunk. When reading breaks off it goes on where it was.
 */
export class ShardLoader {
  readonly #deps: LoadDeps;
  readonly #machine: ShardMachine;
  #next = 0;
  #records = 0;
  #stepRecords = 0;
  #stepFromMs = 0;

  constructor(deps: LoadDeps, machine: ShardMachine) {
    this.#deps = deps;
    this.#machine = machine;
  }

  /** @throws what `ShardMachine.replay` throws: this version can't load the shard */
  async load(until: Offset): Promise<LoadEnd> {
    const { pause } = this.#deps;
    this.#beginStep();
    while (this.#next < until) {
      if (pause.ended) return { kind: 'stopped' };
      const from = this.#next;
      const failure = await this.#readOn(until);
      if (pause.ended) return { kind: 'stopped' };
      if (failure === undefined) continue;
      if (this.#next > from) pause.reset();
      this.#deps.onRetry(failure);
      await pause.wait();
    }
    pause.reset();
    return { kind: 'loaded', records: this.#records };
  }

  /** Reads until the end, or until the reader fails: then why. */
  async #readOn(until: Offset): Promise<MoldauError | undefined> {
    const { log, pause } = this.#deps;
    const chunks = log.read(this.#next as Offset, until)[Symbol.asyncIterator]();
    try {
      for (;;) {
        const chunk = await nextOf(chunks);
        if (pause.ended) return undefined;
        if (chunk instanceof MoldauError) return chunk;
        if (chunk === undefined) return this.#next < until ? new Unfit('ends too early', this.#next) : undefined;
        await this.#replayChunk(chunk, until);
        if (pause.ended || this.#next >= until) return undefined;
      }
    } catch (caught) {
      if (caught instanceof Unfit) return caught;
      throw caught;
    } finally {
      await chunks.return?.();
    }
  }

  async #replayChunk(chunk: Uint8Array, until: Offset): Promise<void> {
    for (const { position } of wholeBatches(chunk, this.#next)) {
      const base = baseOffsetAt(chunk, position);
      // The log may begin above 0, and the first batch of a reading below where it was to begin.
      if (base > this.#next && this.#next > 0) throw new Unfit('has a gap', this.#next);
      if (base >= until) return;
      if (!isControlAt(chunk, position)) await this.#replayBatch(chunk, position, until);
      if (this.#deps.pause.ended) return;
      this.#next = Math.max(this.#next, nextOffsetAt(chunk, position));
    }
  }

  async #replayBatch(chunk: Uint8Array, position: number, until: Offset): Promise<void> {
    const from = this.#next;
    // Who reads from disk has checked the bytes, and so has this loader: what fails now is the machine's.
    for (const record of readBatch(chunk, position, { checkCrc: false })) {
      const { offset, key, value } = record;
      if (offset < from || offset >= until) continue;
      if (key === null) throw new Unfit('has a record without a key', offset);
      this.#machine.replay({ key, value: value ?? undefined });
      this.#records += 1;
      if (this.#stepIsOver()) {
        await this.#turn();
        if (this.#deps.pause.ended) return;
      }
    }
  }

  #beginStep(): void {
    this.#stepRecords = 0;
    this.#stepFromMs = this.#deps.clock.monotonicMs();
  }

  #stepIsOver(): boolean {
    this.#stepRecords += 1;
    if (this.#stepRecords % RECORDS_PER_LOOK !== 0) return false;
    const { loadStepMs, loadStepRecords } = this.#deps.limits;
    return this.#stepRecords >= loadStepRecords || this.#deps.clock.monotonicMs() - this.#stepFromMs >= loadStepMs;
  }

  async #turn(): Promise<void> {
    await new Promise<void>((resolve) => this.#deps.scheduler.nextTurn(resolve));
    this.#beginStep();
  }
}

/** The next chunk, the error that broke the reading off, or undefined at its end. */
async function nextOf(chunks: AsyncIterator<Uint8Array>): Promise<Uint8Array | MoldauError | undefined> {
  try {
    const result = await chunks.next();
    return result.done === true ? undefined : result.value;
  } catch (caught) {
    return MoldauError.from(caught);
  }
}

/** Where the batches of a chunk begin; all of it is checked before anything of it is replayed. */
function wholeBatches(chunk: Uint8Array, at: number): readonly { readonly position: number }[] {
  const found: { readonly position: number }[] = [];
  try {
    for (let position = 0; position < chunk.length; ) {
      const size = assertWholeBatch(chunk, position);
      assertCrc(chunk, position, size);
      found.push({ position });
      position += size;
    }
  } catch (caught) {
    throw new Unfit(`is damaged (${MoldauError.from(caught).message})`, at);
  }
  return found;
}
