import { MemoryWindowStore } from '../stores/memory-window-store.ts';
import type { Timestamped, WindowEntry, WindowStore } from '../stores/store.ts';
import type { StoreSpec } from '../stores/store-spec.ts';
import type { DiskWindowStore } from './disk-window-store.ts';

/**
 * A window store on disk, of which memory holds a copy while it is small: joins read several times per record, and then read no
 * disk. Everything is written to the disk at once; when the copy outgrows its bound it is dropped for this life.
 */
export class MirroredWindowStore<K, V> implements WindowStore<K, V> {
  readonly name: string;
  readonly #disk: DiskWindowStore<K, V>;
  readonly #entriesMax: number;
  #copy: MemoryWindowStore<K, V> | undefined;

  constructor(disk: DiskWindowStore<K, V>, spec: StoreSpec<K, V>, entriesMax: number) {
    this.name = spec.name;
    this.#disk = disk;
    this.#entriesMax = entriesMax;
    if (disk.count() > entriesMax) return;
    this.#copy = new MemoryWindowStore(spec);
    for (const { key, startMs, value, timestampMs } of disk.fetchAll(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY))
      this.#copy.put(key, startMs, value, timestampMs);
  }

  get(key: K, startMs: number): V | null {
    return (this.#copy ?? this.#disk).get(key, startMs);
  }

  getEntry(key: K, startMs: number): Timestamped<V> | null {
    return (this.#copy ?? this.#disk).getEntry(key, startMs);
  }

  put(key: K, startMs: number, value: V | null, timestampMs: number): void {
    this.#disk.put(key, startMs, value, timestampMs);
    this.#copy?.put(key, startMs, value, timestampMs);
    this.#bound();
  }

  fetch(key: K, fromMs: number, toMs: number): readonly WindowEntry<K, V>[] {
    return (this.#copy ?? this.#disk).fetch(key, fromMs, toMs);
  }

  fetchAll(fromMs: number, toMs: number): readonly WindowEntry<K, V>[] {
    return (this.#copy ?? this.#disk).fetchAll(fromMs, toMs);
  }

  expire(beforeMs: number): void {
    this.#disk.expire(beforeMs);
    this.#copy?.expire(beforeMs);
  }

  firstStartMs(): number | undefined {
    return (this.#copy ?? this.#disk).firstStartMs();
  }

  restore(key: Uint8Array, value: Uint8Array | null, timestampMs: number): void {
    this.#disk.restore(key, value, timestampMs);
    this.#copy?.restore(key, value, timestampMs);
    this.#bound();
  }

  flush(): void {
    this.#disk.flush();
  }

  close(): void {
    this.#copy?.close();
    this.#copy = undefined;
    this.#disk.close();
  }

  #bound(): void {
    if (this.#copy === undefined || this.#copy.size <= this.#entriesMax) return;
    this.#copy.close();
    this.#copy = undefined;
  }
}
