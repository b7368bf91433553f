import { imageEntries, type KeyChange, type MetadataImage } from '@moldau/cluster';
import { type Logger, MoldauError, type Scheduler, type Timer } from '@moldau/kernel';
import type { MetadataEntry, ServerCall, StreamMetadataRequest, StreamMetadataResponse } from '@moldau/protocol';
import type { ImageKeeper } from './image-keeper.ts';

export interface MetadataStreamsDeps {
  readonly keeper: ImageKeeper;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
}

/** Bytes of entries in one message of a snapshot: far below the limit of internal messages, and some milliseconds of work. */
const SNAPSHOT_MESSAGE_BYTES = 256 * 1024;
/** Entries in one message, for the same reason. */
const SNAPSHOT_MESSAGE_ENTRIES = 2_000;
/** Longest silence of a stream. */
const PROGRESS_INTERVAL_MS = 1_000;
const STREAMS_MAX = 1_000;

/**
 * Hands the metadata to brokers: a snapshot, or what is new since the version they have; then every revision, whole. Each
 * stream has a position of its own and is sent no more than it takes; one that falls behind the kept revisions gets a
 * snapshot again. When the image is old, the streams end, so that the brokers turn to another coordinator.
 */
export class MetadataStreams {
  private readonly deps: MetadataStreamsDeps;
  private readonly streams = new Set<MetadataStream>();
  private timer: Timer | undefined;
  private forget: (() => void) | undefined;

  constructor(deps: MetadataStreamsDeps) {
    this.deps = deps;
  }

  start(): void {
    this.forget = this.deps.keeper.listen({
      changed: () => this.pumpAll(),
      reloaded: () => {
        for (const stream of this.streams) stream.restart();
      },
    });
    this.tick();
  }

  stop(error: MoldauError): void {
    this.timer?.cancel();
    this.forget?.();
    for (const stream of this.streams) stream.close(error);
    this.streams.clear();
  }

  count(): number {
    return this.streams.size;
  }

  /** Begins a stream. Throws COORDINATOR_NOT_AVAILABLE while there is no metadata, TOO_MANY_STREAMS. */
  open(request: StreamMetadataRequest, call: ServerCall<StreamMetadataResponse>): { drained(): void; closed(): void } {
    if (!this.deps.keeper.fresh()) throw staleError();
    if (this.streams.size >= STREAMS_MAX) {
      throw new MoldauError('TOO_MANY_STREAMS', `${STREAMS_MAX} metadata streams are open`, { limit: String(STREAMS_MAX) });
    }
    const stream = new MetadataStream(this.deps, call, request.fromVersion);
    this.streams.add(stream);
    stream.pump();
    return {
      drained: () => stream.drained(),
      closed: () => {
        stream.end();
        this.streams.delete(stream);
      },
    };
  }

  private pumpAll(): void {
    for (const stream of this.streams) stream.pump();
  }

  private tick(): void {
    this.timer = this.deps.scheduler.after(PROGRESS_INTERVAL_MS, () => {
      this.tick();
      if (this.deps.keeper.fresh()) {
        for (const stream of this.streams) stream.progress();
        return;
      }
      if (this.streams.size > 0) this.deps.logger.warn('the metadata is old: its streams end', { streams: this.streams.size });
      for (const stream of this.streams) stream.close(staleError());
      this.streams.clear();
    });
  }
}

/** What a stream is doing: waiting for a version, in the middle of a snapshot, following, or over. */
type Phase =
  | { readonly tag: 'begin'; readonly fromVersion: number }
  | { readonly tag: 'snapshot'; readonly image: MetadataImage; readonly entries: Iterator<KeyChange>; next: KeyChange | undefined }
  | { readonly tag: 'following'; version: number }
  | { readonly tag: 'over' };

class MetadataStream {
  private readonly deps: MetadataStreamsDeps;
  private readonly call: ServerCall<StreamMetadataResponse>;
  private phase: Phase;
  private full = false;
  private scheduled = false;
  private sentAddresses = '';

  constructor(deps: MetadataStreamsDeps, call: ServerCall<StreamMetadataResponse>, fromVersion: number) {
    this.deps = deps;
    this.call = call;
    this.phase = { tag: 'begin', fromVersion };
  }

  drained(): void {
    this.full = false;
    this.pump();
  }

  /**
   * The image was listed anew: what lies between is unknown. A snapshot under way goes on, for a broker could not tell its
   * parts from another's; after it `follow` begins the next.
   */
  restart(): void {
    if (this.phase.tag === 'following') this.phase = this.beginSnapshot();
    this.pump();
  }

  end(): void {
    this.phase = { tag: 'over' };
  }

  close(error: MoldauError): void {
    if (this.phase.tag === 'over') return;
    this.end();
    this.call.close(error);
  }

  /** A sign of life, where nothing else is being sent. */
  progress(): void {
    if (this.phase.tag !== 'following' || this.full) return;
    if (this.phase.version !== this.deps.keeper.image().version) return this.pump();
    this.send({ version: this.phase.version, snapshot: false, snapshotEnd: false, entries: [] });
  }

  /** Sends what there is, while it is taken. Long work goes on in later turns. */
  pump(): void {
    if (this.full || this.scheduled) return;
    switch (this.phase.tag) {
      case 'begin':
        return this.begin(this.phase.fromVersion);
      case 'snapshot':
        return this.sendSnapshotPart(this.phase);
      case 'following':
        return this.follow(this.phase);
      case 'over':
        return;
    }
  }

  private begin(fromVersion: number): void {
    const { keeper } = this.deps;
    // The broker knows a newer version than this coordinator: nothing older is said.
    if (keeper.image().version < fromVersion) return;
    const known = fromVersion > 0 && keeper.revisionsAfter(fromVersion) !== undefined;
    this.phase = known ? { tag: 'following', version: fromVersion } : this.beginSnapshot();
    this.pump();
  }

  private beginSnapshot(): Phase {
    const image = this.deps.keeper.image();
    const entries = imageEntries(image);
    return { tag: 'snapshot', image, entries, next: entries.next().value as KeyChange | undefined };
  }

  private sendSnapshotPart(phase: Phase & { readonly tag: 'snapshot' }): void {
    const entries: MetadataEntry[] = [];
    let bytes = 0;
    while (phase.next !== undefined && bytes < SNAPSHOT_MESSAGE_BYTES && entries.length < SNAPSHOT_MESSAGE_ENTRIES) {
      entries.push(messageOf(phase.next));
      bytes += phase.next.key.length + (phase.next.value?.length ?? 0);
      const step = phase.entries.next();
      phase.next = step.done === true ? undefined : step.value;
    }
    const { version } = phase.image;
    const snapshotEnd = phase.next === undefined;
    if (snapshotEnd) this.phase = { tag: 'following', version };
    this.send({ version, snapshot: true, snapshotEnd, entries });
    this.later();
  }

  private follow(phase: Phase & { readonly tag: 'following' }): void {
    const revisions = this.deps.keeper.revisionsAfter(phase.version);
    if (revisions === undefined) {
      this.phase = this.beginSnapshot();
      return this.pump();
    }
    for (const { revision, changes } of revisions) {
      if (this.full) return;
      phase.version = revision;
      this.send({ version: revision, snapshot: false, snapshotEnd: false, entries: changes.map(messageOf) });
    }
  }

  private later(): void {
    this.scheduled = true;
    this.deps.scheduler.nextTurn(() => {
      this.scheduled = false;
      this.pump();
    });
  }

  private send(message: Omit<StreamMetadataResponse, 'coordinatorAddresses'>): void {
    const addresses = [...this.deps.keeper.image().coordinators.values()].map((coordinator) => coordinator.address).sort();
    const changed = addresses.join() !== this.sentAddresses;
    this.sentAddresses = addresses.join();
    this.full = !this.call.send({ ...message, coordinatorAddresses: changed ? addresses : [] });
  }
}

function messageOf({ key, value, revision }: KeyChange): MetadataEntry {
  return { key, value, revision };
}

function staleError(): MoldauError {
  return new MoldauError('COORDINATOR_NOT_AVAILABLE', 'this coordinator has no fresh metadata');
}
