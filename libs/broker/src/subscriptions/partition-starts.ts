import { type Logger, MoldauError, type Scheduler, type Timer } from '@moldau/kernel';
import { type CommittedOffset, itemToError } from '@moldau/protocol';
import type { ReadSource } from '../gateway/read-source.ts';
import type { HeldPartition } from './held-partition.ts';

/** Before a position is asked for again that could not be had, in milliseconds. */
const RETRY_MS = 250;
/** Partitions of one question. */
const PARTITIONS_MAX = 10_000;

export interface PartitionStartsDeps {
  readonly scheduler: Scheduler;
  readonly logger: Logger;
  /** Begin with what comes from now on where nothing is committed. */
  readonly latest: boolean;
  committed(partitions: readonly HeldPartition[]): Promise<readonly CommittedOffset[]>;
  /** @throws MoldauError when it is not known here yet, or has no leader */
  source(partition: HeldPartition): ReadSource;
  /** It is known where the group is: the partition stands there, anchoring or reading. */
  started(partition: HeldPartition): void;
}

/** Finds out where the group is in partitions that are new to a member: one question for all that come meanwhile. */
export class PartitionStarts {
  readonly #deps: PartitionStartsDeps;
  readonly #starting = new Set<HeldPartition>();
  #asking = false;
  #retry: Timer | undefined;
  #closed = false;

  constructor(deps: PartitionStartsDeps) {
    this.#deps = deps;
  }

  add(partitions: readonly HeldPartition[]): void {
    for (const partition of partitions) this.#starting.add(partition);
    void this.#ask();
  }

  close(): void {
    this.#closed = true;
    this.#retry?.cancel();
  }

  async #ask(): Promise<void> {
    if (this.#asking || this.#closed) return;
    for (const partition of this.#starting) if (partition.state !== 'starting') this.#starting.delete(partition);
    const partitions = [...this.#starting].slice(0, PARTITIONS_MAX);
    if (partitions.length === 0) return;
    this.#asking = true;
    let failed = false;
    try {
      const offsets = await this.#deps.committed(partitions);
      const known = new Map(offsets.map((offset) => [`${offset.topicId}/${offset.partition}`, offset]));
      const placed = await Promise.all(partitions.map((each) => this.#place(each, known.get(`${each.topicId}/${each.index}`))));
      failed = placed.includes(false);
    } catch (caught) {
      this.#log(MoldauError.from(caught), partitions[0]);
      failed = true;
    }
    this.#asking = false;
    if (this.#closed || this.#starting.size === 0) return;
    if (!failed) return this.#ask();
    this.#retry?.cancel();
    this.#retry = this.#deps.scheduler.after(RETRY_MS, () => void this.#ask());
  }

  /** False: it has to be asked again. */
  async #place(partition: HeldPartition, committed: CommittedOffset | undefined): Promise<boolean> {
    let source: ReadSource | undefined;
    try {
      if (committed === undefined)
        throw new MoldauError('COORDINATOR_NOT_AVAILABLE', 'the owner of the group did not answer for the partition', {});
      if (committed.error !== undefined) throw itemToError(committed.error);
      source = this.#deps.source(partition);
      const offset = committed.offset ?? (await this.#firstOffset(source));
      if (this.#closed || partition.state !== 'starting') source.close();
      else {
        partition.source = source;
        partition.epochs.begin(committed.offset, committed.leaderEpoch);
        partition.goTo(source, offset);
        partition.committed = committed.offset;
        partition.state = committed.offset === undefined && this.#deps.latest ? 'anchoring' : 'reading';
        this.#deps.started(partition);
      }
      this.#starting.delete(partition);
      return true;
    } catch (caught) {
      source?.close();
      this.#log(MoldauError.from(caught), partition);
      return false;
    }
  }

  async #firstOffset(source: ReadSource): Promise<number> {
    const at = this.#deps.latest ? 'latest' : 'earliest';
    return (await source.find({ $case: at, value: {} })) ?? 0;
  }

  #log({ reason, message }: MoldauError, partition: HeldPartition | undefined): void {
    this.#deps.logger.debug('a subscription does not know yet where to begin', {
      topic: partition?.topic,
      partition: partition?.index,
      reason,
      message,
    });
  }
}
