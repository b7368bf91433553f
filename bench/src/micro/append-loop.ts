import { brokerId, clusterId, leaderEpoch, partitionIndex, silentLogger, silentMeter, topicId } from '@moldau/kernel';
import { createNodeClock, createNodeCompute, createNodeIds, createNodeRandom, createNodeScheduler } from '@moldau/platform-node';
import { type LogDirectory, openLogDirectory, partitionConfig } from '@moldau/storage';
import { createDiscardingDisk } from './discarding-disk.ts';

/** Batches of one round of group commit, as a busy producer's: 16 of 64 KiB. */
const ROUND_BATCHES = 16;
const EPOCH = leaderEpoch(1);

/** One partition's log on a disk that costs nothing: what is left is the work of the storage engine itself. */
export class AppendLoop implements AsyncDisposable {
  readonly #directory: LogDirectory;
  readonly #append: (batch: Uint8Array) => void;
  #flushed: (() => void) | undefined;

  private constructor(directory: LogDirectory, append: (batch: Uint8Array) => void) {
    this.#directory = directory;
    this.#append = append;
  }

  static async open(): Promise<AppendLoop> {
    const ports = {
      disk: createDiscardingDisk(),
      clock: createNodeClock(),
      compute: createNodeCompute(),
      scheduler: createNodeScheduler(),
      ids: createNodeIds(),
      random: createNodeRandom(),
      logger: silentLogger,
      meter: silentMeter,
    };
    const owner = { clusterId: clusterId(ports.ids.uuid()), brokerId: brokerId(1) };
    const directory = await openLogDirectory(ports, { path: '/bench', ...owner, scrubPeriodMs: 0 });
    const log = await directory.createPartition(topicId(ports.ids.uuid()), partitionIndex(0), partitionConfig());
    const loop = new AppendLoop(directory, (batch) => void log.append(batch, { leaderEpoch: EPOCH }));
    log.onProgress = ({ flushedEnd, endOffset }) => {
      if (flushedEnd === endOffset) loop.#flushed?.();
    };
    return loop;
  }

  /** Appends a round of this batch and waits until it counts as flushed; resolves to the number of batches. */
  async round(batch: Uint8Array): Promise<number> {
    const flushed = new Promise<void>((resolve) => {
      this.#flushed = resolve;
    });
    for (let count = 0; count < ROUND_BATCHES; count++) this.#append(batch);
    await flushed;
    return ROUND_BATCHES;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#directory.close();
  }
}
