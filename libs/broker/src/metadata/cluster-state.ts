import { applyChanges, EMPTY_IMAGE, type ImageDelta, type KeyChange, type MetadataImage } from '@moldau/cluster';
import { MoldauError, type Scheduler } from '@moldau/kernel';
import type { MetadataSink } from '../session/metadata-stream.ts';
import { ImageLoad, type MetadataChange, type OrderedChanges } from './image-load.ts';

/** A change of the cluster's metadata. */
export interface ClusterChange {
  readonly image: MetadataImage;
  /** What it touched; undefined after a load: anything may have changed. */
  readonly delta: ImageDelta | undefined;
}

/** Told of each change, after the image has been replaced. */
export type ClusterListener = (change: ClusterChange) => void;

/** The cluster's metadata as this broker knows it, and those who wait for it to change. */
export class ClusterState implements MetadataSink {
  readonly #scheduler: Scheduler;
  readonly #listeners = new Set<ClusterListener>();
  #image: MetadataImage = EMPTY_IMAGE;
  #waits: (() => void)[] = [];

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  get version(): number {
    return this.#image.version;
  }

  /** Empty, of version 0, before the first snapshot. */
  get current(): MetadataImage {
    return this.#image;
  }

  /** @throws MoldauError BROKER_STARTING before the first snapshot */
  get image(): MetadataImage {
    if (this.#image.version === 0) throw new MoldauError('BROKER_STARTING', 'the broker has no metadata of the cluster yet', {});
    return this.#image;
  }

  listen(listener: ClusterListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  applyDelta(version: number, changes: readonly MetadataChange[]): void {
    if (changes.length === 0 && version === this.#image.version) return;
    const applied = changes.map(({ key, value, revision }): KeyChange => ({ key, value, revision }));
    this.#replace(applyChanges(this.#image, version, applied));
  }

  load(version: number, changes: OrderedChanges, options: { readonly anew: boolean }, done: (failure: unknown) => void): ImageLoad {
    const base = options.anew ? EMPTY_IMAGE : this.#image;
    return new ImageLoad(this.#scheduler, base, version, changes, {
      loaded: (image) => {
        this.#replace({ image, delta: undefined });
        done(undefined);
      },
      failed: done,
    });
  }

  /** Settles once `holds` is true of the image. */
  until(holds: (image: MetadataImage) => boolean): Promise<void> {
    return new Promise((resolve) => {
      const check = (): void => {
        if (holds(this.#image)) resolve();
        else this.#waits.push(check);
      };
      check();
    });
  }

  /** Settles once `holds` is true of the image (and says true), or `signal` is aborted (and says false). */
  untilOr(holds: (image: MetadataImage) => boolean, signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const check = (): void => {
        if (holds(this.#image)) resolve(true);
        else if (signal.aborted) resolve(false);
        else this.#waits.push(check);
      };
      signal.addEventListener('abort', () => resolve(false), { once: true });
      check();
    });
  }

  #replace(change: ClusterChange): void {
    this.#image = change.image;
    for (const listener of [...this.#listeners]) listener(change);
    const waits = this.#waits;
    this.#waits = [];
    for (const check of waits) check();
  }
}
