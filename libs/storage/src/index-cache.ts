import type { Disk, Scheduler } from '@moldau/kernel';
import { baseOffsetAt } from '@moldau/records';
import { timestampOf } from './batch-check.ts';
import type { DescriptorCache } from './descriptor-cache.ts';
import { readWhole } from './disk-calls.ts';
import type { PartitionState } from './partition-state.ts';
import { NO_TIMESTAMP, type Segment } from './segment.ts';
import { type IndexedLog, SegmentIndex } from './segment-index.ts';
import { scanSegment } from './segment-scan.ts';
import { decodeSideFile } from './side-file.ts';

/** Loads indexes of segments when a read needs them, from their files or else from the log; keeps those of sealed segments within a byte budget. */
export class IndexCache {
  readonly #disk: Disk;
  readonly #scheduler: Scheduler;
  readonly #descriptors: DescriptorCache;
  readonly #maxBytes: number;
  /** Segments with a loaded index that may go, least recently used first. */
  readonly #loaded = new Map<Segment, number>();
  readonly #loading = new Map<Segment, Promise<SegmentIndex>>();
  #bytes = 0;

  constructor(disk: Disk, scheduler: Scheduler, descriptors: DescriptorCache, maxBytes: number) {
    this.#disk = disk;
    this.#scheduler = scheduler;
    this.#descriptors = descriptors;
    this.#maxBytes = maxBytes;
  }

  /** The whole index of a segment. */
  async complete(state: PartitionState, segment: Segment): Promise<SegmentIndex> {
    const { index } = segment;
    if (index?.complete === true) {
      this.#touch(segment);
      return index;
    }
    const loading = this.#loading.get(segment) ?? this.#load(state, segment);
    return loading;
  }

  /** The segment is sealed: its index, if in memory, counts and may go. */
  adopt(segment: Segment): void {
    if (segment.index === undefined || this.#loaded.has(segment)) return;
    this.#loaded.set(segment, segment.index.memoryBytes);
    this.#bytes += segment.index.memoryBytes;
    this.#evict();
  }

  /** The segment is removed, or active again. */
  forget(segment: Segment): void {
    this.#bytes -= this.#loaded.get(segment) ?? 0;
    this.#loaded.delete(segment);
  }

  async #load(state: PartitionState, segment: Segment): Promise<SegmentIndex> {
    const loading = this.#loadOnce(state, segment);
    this.#loading.set(segment, loading);
    try {
      return await loading;
    } finally {
      this.#loading.delete(segment);
    }
  }

  async #loadOnce(state: PartitionState, segment: Segment): Promise<SegmentIndex> {
    const floor = segment.index?.floor ?? { offset: segment.endOffset, position: segment.sizeBytes };
    const log: IndexedLog = { logId: state.logId, baseOffset: segment.baseOffset, endOffset: floor.offset, sizeBytes: floor.position };
    const truncations = state.truncations;
    const older = (await this.#readFiles(segment, log)) ?? (await this.#rebuild(state, segment, log));
    // A truncation meanwhile has replaced the index; what was read serves this one call.
    if (state.truncations !== truncations) return older;
    const whole = segment.index === undefined ? older : segment.index.joinedTo(older);
    segment.index = whole;
    if (segment.phase === 'sealed') this.adopt(segment);
    return whole;
  }

  async #readFiles(segment: Segment, log: IndexedLog): Promise<SegmentIndex | undefined> {
    const offsets = decodeSideFile('offsetIndex', await readWhole(this.#disk, segment.file('index')));
    const timestamps = decodeSideFile('timeIndex', await readWhole(this.#disk, segment.file('timeindex')));
    if (offsets.kind !== 'valid' || timestamps.kind !== 'valid') return undefined;
    return SegmentIndex.decode(log, offsets.content, timestamps.content);
  }

  /** From the log itself; ends early at damage, which the read that follows will find too. */
  async #rebuild(state: PartitionState, segment: Segment, log: IndexedLog): Promise<SegmentIndex> {
    const index = new SegmentIndex(segment.baseOffset);
    if (log.sizeBytes === 0) return index;
    let maxTimestamp = NO_TIMESTAMP;
    const descriptor = await this.#descriptors.acquire(segment);
    try {
      const range = { position: 0, offset: segment.baseOffset, endPosition: log.sizeBytes };
      await scanSegment(descriptor.file, range, this.#scheduler, (bytes, at, size, position) => {
        index.add(baseOffsetAt(bytes, at), position, size, maxTimestamp, state.config.indexIntervalBytes);
        maxTimestamp = Math.max(maxTimestamp, timestampOf(bytes, at));
        return undefined;
      });
    } finally {
      this.#descriptors.release(descriptor);
    }
    return index;
  }

  #touch(segment: Segment): void {
    const bytes = this.#loaded.get(segment);
    if (bytes === undefined) return;
    this.#loaded.delete(segment);
    this.#loaded.set(segment, bytes);
  }

  #evict(): void {
    for (const [segment] of this.#loaded) {
      if (this.#bytes <= this.#maxBytes) return;
      this.forget(segment);
      segment.index = undefined;
    }
  }
}
