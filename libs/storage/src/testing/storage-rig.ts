import {
  brokerId,
  clusterId,
  type Disk,
  leaderEpoch,
  type Meter,
  type Offset,
  partitionIndex,
  silentLogger,
  silentMeter,
  topicId,
} from '@moldau/kernel';
import { type BatchFields, batchesIn, compress, decompress, RecordBatchBuilder } from '@moldau/records';
import { SeededIds, SeededRandom, SimCompute, SimDisk, type SimProcess, SimScheduler } from '@moldau/testkit';
import type { LogDirectory } from '../log-directory.ts';
import { openLogDirectory } from '../open-log-directory.ts';
import type { LogDirectoryOptions } from '../options.ts';
import { type PartitionConfig, partitionConfig } from '../partition-config.ts';
import type { PartitionLog } from '../partition-log.ts';

export const ROOT = 'data';
export const CLUSTER = clusterId('00000000-0000-4000-8000-00000000000c');
export const TOPIC = topicId('00000000-0000-4000-8000-000000000001');
export const EPOCH = leaderEpoch(1);

/** One data directory on a simulated disk, its process, and crashes of it. */
export class StorageRig {
  readonly scheduler = new SimScheduler();
  readonly random: SeededRandom;
  process: SimProcess;
  disk: SimDisk;
  /** Between storage and the disk, if set. */
  wrap: (disk: SimDisk) => Disk = (disk) => disk;
  settings: Partial<LogDirectoryOptions> = {};
  meter: Meter = silentMeter;

  constructor(seed = 1, disk = new SimDisk()) {
    this.random = new SeededRandom(seed);
    this.process = this.scheduler.createProcess();
    this.disk = disk;
  }

  open(settings: Partial<LogDirectoryOptions> = {}): Promise<LogDirectory> {
    return this.until(this.opening(settings));
  }

  /** Without running the simulation until it is open. */
  opening(settings: Partial<LogDirectoryOptions> = {}): Promise<LogDirectory> {
    const { clock, scheduler } = this.process;
    const ids = new SeededIds(this.random);
    const compute = new SimCompute({ codecs: { compress, decompress }, scheduler });
    const ports = {
      disk: this.wrap(this.disk),
      clock,
      compute,
      scheduler,
      ids,
      random: this.random,
      logger: silentLogger,
      meter: this.meter,
    };
    const options = {
      path: ROOT,
      clusterId: CLUSTER,
      brokerId: brokerId(1),
      keepFreeBytes: 0,
      journalFileBytes: 64 * 1024,
      reserveBytes: 4096,
      ...this.settings,
      ...settings,
    };
    return openLogDirectory(ports, options);
  }

  until<Value>(promise: Promise<Value>): Promise<Value> {
    return this.scheduler.until(promise);
  }

  /** Lets everything that is under way end, background timers aside. */
  idle(): Promise<void> {
    return this.scheduler.idle();
  }

  /** Power loss. */
  crash(options: { readonly torn: boolean } = { torn: true }): void {
    this.process.stop();
    this.disk = this.disk.crash(options.torn ? { torn: this.random } : {});
    this.process = this.scheduler.createProcess();
  }

  /** SIGKILL. */
  kill(): void {
    this.process.stop();
    this.disk = this.disk.kill({ random: this.random });
    this.process = this.scheduler.createProcess();
  }

  create(directory: LogDirectory, partition = 0, config: Partial<PartitionConfig> = {}): Promise<PartitionLog> {
    return this.until(directory.createPartition(TOPIC, partitionIndex(partition), partitionConfig(config)));
  }

  /** All batches from `from` to the end, read piece by piece. */
  async readAll(log: PartitionLog, from: number = log.startOffset, maxBytes = 4096): Promise<Uint8Array[]> {
    const batches: Uint8Array[] = [];
    let next = from as Offset;
    while (next < log.endOffset) {
      const found = await this.until(Promise.resolve(log.read(next, { maxBytes, upTo: log.endOffset })));
      for (const run of found.batches) {
        for (const { position, sizeInBytes } of batchesIn(run)) batches.push(run.subarray(position, position + sizeInBytes));
      }
      if (found.nextOffset <= next) throw new Error(`no progress at ${next} of ${log.endOffset}`);
      next = found.nextOffset;
    }
    return batches;
  }
}

/** A batch of so many records with values of so many bytes. */
export function makeBatch(
  count: number,
  options: BatchFields & { readonly valueBytes?: number; readonly timestamp?: number; readonly text?: string } = {},
): Uint8Array {
  const builder = new RecordBatchBuilder({ targetBytes: 1 << 26, maxBytes: 1 << 26 });
  const value = new TextEncoder().encode((options.text ?? 'x').padEnd(options.valueBytes ?? 20, '.'));
  for (let index = 0; index < count; index++) builder.append((options.timestamp ?? 1000) + index, null, value);
  return new Uint8Array(builder.build(options));
}

export function partitionOf(directory: LogDirectory, partition = 0): PartitionLog {
  const log = directory.partition(TOPIC, partitionIndex(partition));
  if (log === undefined) throw new Error(`no partition ${partition}`);
  return log;
}
