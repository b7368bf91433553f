import {
  applyChanges,
  clusterPrefix,
  EMPTY_IMAGE,
  type ImageDelta,
  type KeyChange,
  type MetadataImage,
  type MetadataStore,
  RANGE_LIMIT_MAX,
  type RangeResult,
  type RevisionEvents,
  type StoredEntry,
  type Watch,
} from '@moldau/cluster';
import { assert, type Clock, type Logger, MoldauError, metadataVersion, type Scheduler, type Timer } from '@moldau/kernel';

/**
 * Keeps the image of the metadata: lists it, watches it, and lists again when the watch's history is gone.
 *
 * Moves: loading → watching; watching → loading (compacted); each → stopped.
 */
type State = { readonly tag: 'loading' } | { readonly tag: 'watching'; readonly watch: Watch } | { readonly tag: 'stopped' };

export interface ImageListener {
  /** The image moved on by one revision. */
  changed(image: MetadataImage, delta: ImageDelta): void;
  /** The image was listed anew: anything may have changed. */
  reloaded(image: MetadataImage): void;
}

export interface ImageKeeperDeps {
  readonly store: MetadataStore;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
}

/** One revision as the watch told it. */
export interface KeptRevision {
  readonly revision: number;
  /** Version of the image before it. */
  readonly previous: number;
  readonly changes: readonly KeyChange[];
}

/** Silence of the store after which the image counts as old. */
export const STALE_AFTER_MS = 3_000;
/** Changes kept for brokers that come back; the oldest go first, and who needs them gets a snapshot. */
const KEPT_CHANGES_MAX = 10_000;
/** Kept revisions are trimmed when this share over the bound. */
const TRIM_SLACK = 1.25;
const RETRY_MS = 500;
const TOPICS_PREFIX = 'topics/';
/** Entries decoded in one turn of the event loop: a few milliseconds. */
const ENTRIES_PER_STEP = 1_000;
/** How long a writer waits to see its own write. */
const REACHED_TIMEOUT_MS = 5_000;

export class ImageKeeper {
  private readonly deps: ImageKeeperDeps;
  private readonly prefix: string;
  private readonly listeners = new Set<ImageListener>();
  private readonly waiters = new Set<{ readonly revision: number; readonly resolve: () => void }>();
  private state: State = { tag: 'loading' };
  private current: MetadataImage = EMPTY_IMAGE;
  private loaded = false;
  private heardAtMs = Number.NEGATIVE_INFINITY;
  private kept: KeptRevision[] = [];
  private keptChanges = 0;
  private retryTimer: Timer | undefined;

  constructor(deps: ImageKeeperDeps, clusterName: string) {
    this.deps = deps;
    this.prefix = clusterPrefix(clusterName);
  }

  start(): void {
    void this.load();
  }

  stop(): void {
    if (this.state.tag === 'watching') this.state.watch.cancel();
    this.state = { tag: 'stopped' };
    this.retryTimer?.cancel();
    this.listeners.clear();
    for (const waiter of this.waiters) waiter.resolve();
    this.waiters.clear();
  }

  image(): MetadataImage {
    return this.current;
  }

  /** Whether there is an image, and the store was heard of lately. */
  fresh(): boolean {
    return this.loaded && this.state.tag !== 'stopped' && this.deps.clock.monotonicMs() - this.heardAtMs < STALE_AFTER_MS;
  }

  isLoaded(): boolean {
    return this.loaded;
  }

  listen(listener: ImageListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Kept revisions above `version`, oldest first; undefined when some are gone. */
  revisionsAfter(version: number): readonly KeptRevision[] | undefined {
    if (version === this.current.version) return [];
    let low = 0;
    for (let high = this.kept.length; low < high; ) {
      const middle = (low + high) >> 1;
      if ((this.kept[middle]?.revision ?? 0) <= version) low = middle + 1;
      else high = middle;
    }
    const first = this.kept[low];
    return first === undefined || first.previous > version ? undefined : this.kept.slice(low);
  }

  /** Resolves once the image shows this revision. Rejects METADATA_STORE_UNAVAILABLE when it does not within 5 s. */
  async reached(revision: number): Promise<void> {
    if (this.current.version >= revision) return;
    await new Promise<void>((resolve, reject) => {
      const timer = this.deps.scheduler.after(REACHED_TIMEOUT_MS, () => {
        this.waiters.delete(waiter);
        reject(
          new MoldauError('METADATA_STORE_UNAVAILABLE', `the metadata did not reach revision ${revision} within ${REACHED_TIMEOUT_MS} ms`),
        );
      });
      const waiter = {
        revision,
        resolve: () => {
          timer.cancel();
          this.waiters.delete(waiter);
          resolve();
        },
      };
      this.waiters.add(waiter);
    });
  }

  private async load(): Promise<void> {
    this.state = { tag: 'loading' };
    try {
      const image = await this.list();
      if (this.state.tag === 'loading') this.adopt(image);
    } catch (error) {
      if (this.state.tag !== 'loading') return;
      this.deps.logger.warn('the metadata could not be listed', { error: MoldauError.from(error).message });
      this.retryTimer = this.deps.scheduler.after(RETRY_MS, () => void this.load());
    }
  }

  /**
   * The image at one revision, in pages that are large, as etcd counts all keys for each, and applied in steps that are
   * small. Topics come first: a partition without its topic would be left out.
   */
  private async list(): Promise<MetadataImage> {
    const { revision } = await this.deps.store.range({ prefix: this.prefix, limit: 1 });
    let image = EMPTY_IMAGE;
    for (const part of [TOPICS_PREFIX, '']) {
      for (let after: string | undefined = this.prefix + part; after !== undefined; ) {
        const page: RangeResult = await this.deps.store.range({ prefix: this.prefix + part, revision, after, limit: RANGE_LIMIT_MAX });
        const isNew = part !== '' ? () => true : (entry: StoredEntry) => !entry.key.startsWith(this.prefix + TOPICS_PREFIX);
        const changes = page.entries.filter(isNew).map((entry) => this.changeOf(entry));
        for (let from = 0; from < changes.length; from += ENTRIES_PER_STEP) {
          image = applyChanges(image, revision, changes.slice(from, from + ENTRIES_PER_STEP)).image;
          await new Promise<void>((resolve) => this.deps.scheduler.nextTurn(resolve));
        }
        after = page.more ? page.entries.at(-1)?.key : undefined;
      }
    }
    return { ...image, version: metadataVersion(revision) };
  }

  private changeOf({ key, value, modRevision }: StoredEntry): KeyChange {
    return { key: key.slice(this.prefix.length), value, revision: modRevision };
  }

  private adopt(image: MetadataImage): void {
    assert(image.version >= this.current.version, 'the metadata never goes back', {
      revision: image.version,
      version: this.current.version,
    });
    this.current = image;
    const revision = image.version;
    this.kept = [];
    this.keptChanges = 0;
    this.loaded = true;
    this.heard();
    const watch = this.deps.store.watch(
      { prefix: this.prefix, after: revision },
      {
        revision: (events) => this.advance(events),
        progress: () => this.heard(),
        compacted: () => {
          this.deps.logger.warn('the metadata is listed anew: its history is gone', { version: this.current.version });
          void this.load();
        },
      },
    );
    this.state = { tag: 'watching', watch };
    this.deps.logger.info('the metadata is loaded', { version: revision, topics: image.topics.size, brokers: image.brokers.size });
    for (const listener of this.listeners) listener.reloaded(this.current);
    this.wake();
  }

  private advance({ revision, events }: RevisionEvents): void {
    this.heard();
    const changes = events.map((event): KeyChange => {
      const value = event.kind === 'put' ? event.value : undefined;
      return { key: event.key.slice(this.prefix.length), value, revision: event.modRevision };
    });
    const previous = this.current.version;
    const { image, delta } = applyChanges(this.current, revision, changes);
    this.current = image;
    this.keep({ revision, previous, changes });
    for (const listener of this.listeners) listener.changed(image, delta);
    this.wake();
  }

  private keep(revision: KeptRevision): void {
    this.kept.push(revision);
    this.keptChanges += revision.changes.length;
    if (this.keptChanges <= KEPT_CHANGES_MAX * TRIM_SLACK) return;
    let count = 0;
    while (this.keptChanges > KEPT_CHANGES_MAX) {
      this.keptChanges -= this.kept[count]?.changes.length ?? 0;
      count += 1;
    }
    this.kept = this.kept.slice(count);
  }

  private heard(): void {
    this.heardAtMs = this.deps.clock.monotonicMs();
  }

  private wake(): void {
    for (const waiter of [...this.waiters]) if (waiter.revision <= this.current.version) waiter.resolve();
  }
}
