import { type DirectoryId, type Logger, MoldauError, type Offset, type PartitionIndex, type TopicId } from '@moldau/kernel';
import type { LogDirectory, PartitionConfig, PartitionLog as StoredLog } from '@moldau/storage';
import type { BrokerDeps } from '../options.ts';
import { DirectoryLog } from './directory-log.ts';
import type { FoundLog, LogStore, StopReport } from './log-store.ts';
import type { PartitionLog } from './partition-log.ts';

/** Partitions of a deleted topic whose data is removed at once. */
const DELETIONS_AT_ONCE = 8;

/** The data directory as the broker uses it, behind what stands between them. */
export function logStoreOf(directory: LogDirectory, { logger, wrapLogs }: Pick<BrokerDeps, 'logger' | 'wrapLogs'>): LogStore {
  const store = new DirectoryLogStore(directory, logger);
  return wrapLogs?.(store) ?? store;
}

/** The broker's logs in storage's data directory. Storage keeps all of them open until the directory is closed. */
export class DirectoryLogStore implements LogStore {
  readonly #directory: LogDirectory;
  readonly #logger: Logger;

  constructor(directory: LogDirectory, logger: Logger) {
    this.#directory = directory;
    this.#logger = logger;
  }

  get directoryId(): DirectoryId {
    return this.#directory.meta.directoryId;
  }

  get failure(): MoldauError | undefined {
    const { condition } = this.#directory;
    if (condition.kind !== 'offline') return undefined;
    const facts = { limit: condition.reason };
    return new MoldauError('LOG_DIRECTORY_OFFLINE', `the data directory failed: ${condition.reason}`, facts);
  }

  get storedBytes(): number {
    return this.#directory.stats.storedBytes;
  }

  takeLongestFlushMs(): number {
    return this.#directory.takeLongestFlushMs();
  }

  stopReport(): StopReport {
    const { clean, keptWritten } = this.#directory.recovery;
    return { keptWritten: clean || keptWritten, logs: [...this.#directory.partitions()].map(foundLog) };
  }

  async open(topicId: TopicId, partition: PartitionIndex, config: PartitionConfig): Promise<PartitionLog> {
    // One that exists is not made again: that would write its settings anew at every start.
    const existing = this.#directory.partition(topicId, partition);
    if (existing !== undefined) return new DirectoryLog(existing, this.#logger);
    return new DirectoryLog(await this.#directory.createPartition(topicId, partition, config), this.#logger);
  }

  async beginAnew(topicId: TopicId, partition: PartitionIndex, config: PartitionConfig, startOffset: Offset): Promise<PartitionLog> {
    return new DirectoryLog(await this.#directory.beginAnew(topicId, partition, config, startOffset), this.#logger);
  }

  holds(topicId: TopicId, partition: PartitionIndex): boolean {
    return this.#directory.partition(topicId, partition) !== undefined;
  }

  deletePartition(topicId: TopicId, partition: PartitionIndex): Promise<void> {
    return this.#directory.deletePartition(topicId, partition);
  }

  async deleteTopic(topicId: TopicId): Promise<void> {
    const partitions = [...this.#directory.partitions()].filter((log) => log.topicId === topicId).map((log) => log.partition);
    for (let at = 0; at < partitions.length; at += DELETIONS_AT_ONCE) {
      const some = partitions.slice(at, at + DELETIONS_AT_ONCE);
      await Promise.all(some.map((partition) => this.#directory.deletePartition(topicId, partition)));
    }
  }

  async close(): Promise<void> {
    await this.#directory.close();
  }
}

function foundLog({ topicId, partition: index, epochs, endOffset, recoveryCutBytes, status }: StoredLog): FoundLog {
  // Of a log of which nothing is left, the last epoch is known for as long as its entry is.
  const last = epochs.findLast((entry) => entry.startOffset < endOffset) ?? epochs.at(-1);
  return { topicId, index, lastEpoch: last?.epoch ?? -1, endOffset, cut: recoveryCutBytes > 0, damaged: status.kind === 'corrupt' };
}
