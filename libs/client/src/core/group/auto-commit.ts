import { MoldauError, type Scheduler, type Timer } from '@moldau/kernel';
import type { OffsetToCommit } from '@moldau/protocol';
import type { GroupPartition } from './group-partition.ts';

export interface AutoCommitPorts {
  readonly scheduler: Scheduler;
  readonly intervalMs: number;
  partitions(): Iterable<GroupPartition>;
  /** What is finished; undefined: not known yet. */
  finished(partition: GroupPartition): OffsetToCommit | undefined;
  commit(offsets: readonly OffsetToCommit[]): Promise<void>;
  /** A commit that nobody awaits failed. */
  failed(error: MoldauError): void;
}

/** Commits what is finished and not committed, by the clock and on demand. */
export class AutoCommit {
  readonly #ports: AutoCommitPorts;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(ports: AutoCommitPorts) {
    this.#ports = ports;
  }

  start(): void {
    if (this.#stopped) return;
    this.#timer = this.#ports.scheduler.after(
      this.#ports.intervalMs,
      () => {
        void this.commit([...this.#ports.partitions()].filter(({ phase }) => phase === 'reading')).finally(() => this.start());
      },
      { background: true },
    );
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  /** Never rejects. */
  async commit(partitions: readonly GroupPartition[]): Promise<void> {
    const offsets: OffsetToCommit[] = [];
    const before = new Map<GroupPartition, number | undefined>();
    for (const partition of partitions) {
      const offset = this.#ports.finished(partition);
      // The program may have committed more by itself.
      if (offset === undefined || offset.offset <= (partition.committed ?? -1)) continue;
      before.set(partition, partition.committed);
      partition.committed = offset.offset;
      offsets.push(offset);
    }
    try {
      await this.#ports.commit(offsets);
    } catch (caught) {
      // Tried again with the next.
      for (const [partition, committed] of before) partition.committed = committed;
      this.#ports.failed(MoldauError.from(caught));
    }
  }
}
