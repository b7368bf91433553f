import type { Random } from '@moldau/kernel';
import { GrowableBytes } from './growable-bytes.ts';
import { applyChange, type PendingChange } from './pending-change.ts';
import { tearContent } from './tear-content.ts';

/** What a file holds in the page cache (`current`) and on the platter (`durable` plus whatever the system wrote back early). */
export class FileContent {
  #current: GrowableBytes;
  #durable: GrowableBytes;
  #pending: PendingChange[] = [];
  #sequence = 0;

  constructor(durable: Uint8Array = new Uint8Array(0)) {
    this.#durable = new GrowableBytes(durable);
    this.#current = new GrowableBytes(durable.slice());
  }

  get size(): number {
    return this.#current.size;
  }

  get dirty(): boolean {
    return this.#pending.length > 0;
  }

  /** Number of the last change; a sync that starts now covers all up to it. */
  get lastSequence(): number {
    return this.#sequence;
  }

  read(target: Uint8Array, position: number): number {
    const bytes = this.#current.view(position, position + target.length);
    target.set(bytes);
    return bytes.length;
  }

  /** Takes over `bytes`: the caller must have copied them. */
  write(bytes: Uint8Array, position: number): void {
    this.#current.write(bytes, position);
    this.#pending.push({ kind: 'write', sequence: ++this.#sequence, position, bytes });
  }

  truncate(size: number): void {
    this.#current.resize(size);
    this.#pending.push({ kind: 'truncate', sequence: ++this.#sequence, size });
  }

  /** A sync succeeded that began when `lastSequence` was `sequence`. */
  commit(sequence: number): void {
    for (const change of this.#takeUpTo(sequence)) applyChange(this.#durable, change);
  }

  /** A sync failed: its bytes are clean in the cache, and nobody will write them to the platter any more. */
  drop(sequence: number): void {
    this.#takeUpTo(sequence);
  }

  /** Damage of the medium: changes the byte wherever it is kept. */
  flip(position: number, mask: number): void {
    this.#current.flip(position, mask);
    this.#durable.flip(position, mask);
    for (const change of this.#pending) {
      if (change.kind !== 'write') continue;
      const index = position - change.position;
      if (index >= 0 && index < change.bytes.length) change.bytes[index] = (change.bytes[index] ?? 0) ^ mask;
    }
  }

  /** The bytes after a power loss; without `torn` exactly what was synced. */
  afterPowerLoss(torn: Random | undefined): Uint8Array {
    if (torn === undefined || this.#pending.length === 0) return this.#durable.copy();
    return tearContent(this.#durable.copy(), this.#pending, torn);
  }

  /** What was synced, as it lies there: valid until the next change. */
  get durable(): Uint8Array {
    return this.#durable.view(0, this.#durable.size);
  }

  afterKill(): FileContent {
    const copy = new FileContent();
    copy.#current = new GrowableBytes(this.#current.copy());
    copy.#durable = new GrowableBytes(this.#durable.copy());
    copy.#pending = [...this.#pending];
    copy.#sequence = this.#sequence;
    return copy;
  }

  #takeUpTo(sequence: number): PendingChange[] {
    let count = 0;
    while (count < this.#pending.length && (this.#pending[count]?.sequence ?? 0) <= sequence) count++;
    return this.#pending.splice(0, count);
  }
}
