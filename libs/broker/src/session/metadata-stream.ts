import { assert, type BrokerId, type Logger, MoldauError, type Random, type Scheduler, type Timer } from '@moldau/kernel';
import { type ClientCall, coordinatorService, openStream, type StreamMetadataRequest, type StreamMetadataResponse } from '@moldau/protocol';
import { CHANGES_PER_TURN, type ImageLoad, type MetadataChange, OrderedChanges } from '../metadata/image-load.ts';
import { BackOff } from './back-off.ts';
import type { CoordinatorDirectory } from './coordinator-directory.ts';

/** A coordinator shows progress every second; after three silent ones another is asked. */
const SILENCE_MS_MAX = 3_000;
/** Largest snapshot that is taken: 10⁵ partitions are some 20 MiB. */
const SNAPSHOT_ENTRIES_MAX = 5_000_000;

/** Messages that may wait behind a load: reading is paused, what still arrives was under way already. */
const WAITING_MESSAGES_MAX = 1_000;

/** Takes whole revisions of the cluster's metadata. */
export interface MetadataSink {
  /** Version of what it holds; 0: nothing yet. */
  readonly version: number;
  /** Changes of the revisions up to `version`, few enough for one step; may be none. */
  applyDelta(version: number, changes: readonly MetadataChange[]): void;
  /**
   * Any number of changes, in steps, of what it holds or, `anew`, of nothing. What it holds is replaced at the end, just
   * before `done` runs, with undefined or with what was wrong.
   */
  load(version: number, changes: OrderedChanges, options: { readonly anew: boolean }, done: (failure: unknown) => void): ImageLoad;
}

export interface MetadataStreamDeps {
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly logger: Logger;
  readonly coordinators: CoordinatorDirectory;
  readonly brokerId: BrokerId;
  readonly sink: MetadataSink;
}

/** A stream: `loading` while a snapshot or a long delta is applied, with the messages that came meanwhile. */
interface OpenStream {
  readonly kind: 'open';
  readonly call: ClientCall<StreamMetadataRequest>;
  readonly address: string;
  loading: ImageLoad | undefined;
  waiting: StreamMetadataResponse[];
}

/** closed → waiting → open → waiting …; every state → closed. */
type State = { readonly kind: 'waiting'; readonly timer: Timer } | OpenStream | { readonly kind: 'closed' };

/**
 * Follows the cluster's metadata from any coordinator: a snapshot, then revision after revision. A version lower than
 * the one held is refused, and so is half a snapshot.
 */
export class MetadataStream {
  readonly #deps: MetadataStreamDeps;
  readonly #backOff: BackOff;
  #state: State = { kind: 'closed' };
  #snapshot: OrderedChanges | undefined;
  #watchdog: Timer | undefined;

  constructor(deps: MetadataStreamDeps) {
    this.#deps = deps;
    this.#backOff = new BackOff(deps.random);
  }

  start(): void {
    assert(this.#state.kind === 'closed', 'the metadata stream is started once', { state: this.#state.kind });
    this.#open();
  }

  close(): void {
    const state = this.#state;
    this.#state = { kind: 'closed' };
    this.#watchdog?.cancel();
    if (state.kind === 'waiting') state.timer.cancel();
    if (state.kind !== 'open') return;
    state.loading?.cancel();
    state.call.cancel();
  }

  #open(): void {
    const { coordinators, brokerId, sink } = this.#deps;
    const address = coordinators.next();
    this.#snapshot = undefined;
    let call: ClientCall<StreamMetadataRequest> | undefined;
    const mine = (): OpenStream | undefined => (this.#state.kind === 'open' && this.#state.call === call ? this.#state : undefined);
    const opened = openStream(
      coordinators.channel(address),
      coordinatorService.streamMetadata,
      {},
      {
        message: (message) => {
          const stream = mine();
          if (stream !== undefined) this.#arrived(message, stream);
        },
        closed: (error) => {
          if (mine() !== undefined) this.#broken(address, error);
        },
      },
    );
    call = opened;
    this.#state = { kind: 'open', call: opened, address, loading: undefined, waiting: [] };
    opened.send({ brokerId, fromVersion: sink.version });
    opened.end();
    this.#watch(opened, address);
  }

  #watch(call: ClientCall<StreamMetadataRequest>, address: string): void {
    this.#watchdog?.cancel();
    this.#watchdog = this.#deps.scheduler.after(
      SILENCE_MS_MAX,
      () => {
        this.#deps.coordinators.fellSilent(address);
        const silence = new MoldauError('COORDINATOR_NOT_AVAILABLE', `${address} sent no metadata for ${SILENCE_MS_MAX} ms`, { address });
        this.#broken(address, silence);
        call.cancel();
      },
      { background: true },
    );
  }

  #arrived(message: StreamMetadataResponse, stream: OpenStream): void {
    this.#attempt(stream, () => {
      this.#deps.coordinators.answered(stream.address);
      if (stream.loading === undefined) {
        this.#watch(stream.call, stream.address);
        this.#apply(message, stream);
        return;
      }
      stream.waiting.push(message);
      if (stream.waiting.length <= WAITING_MESSAGES_MAX) return;
      const facts = { value: String(stream.waiting.length), limit: String(WAITING_MESSAGES_MAX) };
      throw new MoldauError('COORDINATOR_NOT_AVAILABLE', 'the coordinator goes on sending while reading is paused', facts);
    });
  }

  /** Whatever is wrong with what a coordinator sends ends its stream. */
  #attempt(stream: OpenStream, work: () => void): void {
    try {
      work();
    } catch (caught) {
      this.#broken(stream.address, MoldauError.from(caught));
      stream.call.cancel();
    }
  }

  #apply(message: StreamMetadataResponse, stream: OpenStream): void {
    const { sink, coordinators } = this.#deps;
    const { version, entries } = message;
    if (version < sink.version) {
      const facts = { value: String(version), limit: String(sink.version) };
      throw new MoldauError('COORDINATOR_NOT_AVAILABLE', `metadata of version ${version} was offered; ${sink.version} is held`, facts);
    }
    if (message.coordinatorAddresses.length > 0) coordinators.learn(message.coordinatorAddresses);
    if (message.snapshot) {
      this.#collect(message, stream);
    } else if (this.#snapshot !== undefined) {
      throw new MoldauError('COORDINATOR_NOT_AVAILABLE', 'a change came in the middle of a snapshot', {});
    } else if (entries.length > CHANGES_PER_TURN) {
      const changes = new OrderedChanges();
      changes.add(entries);
      this.#load(stream, version, changes, { anew: false });
    } else {
      sink.applyDelta(version, entries);
    }
    this.#backOff.reset();
  }

  #collect(message: StreamMetadataResponse, stream: OpenStream): void {
    const changes = this.#snapshot ?? new OrderedChanges();
    this.#snapshot = changes;
    changes.add(message.entries);
    if (changes.size > SNAPSHOT_ENTRIES_MAX) {
      const facts = { value: String(changes.size), limit: String(SNAPSHOT_ENTRIES_MAX) };
      throw new MoldauError('COORDINATOR_NOT_AVAILABLE', 'a metadata snapshot has too many entries', facts);
    }
    if (!message.snapshotEnd) return;
    this.#snapshot = undefined;
    this.#load(stream, message.version, changes, { anew: true });
  }

  /** Applies in steps; what comes meanwhile waits. The silence of a load is ours, not the coordinator's. */
  #load(stream: OpenStream, version: number, changes: OrderedChanges, options: { readonly anew: boolean }): void {
    this.#watchdog?.cancel();
    stream.call.pause();
    stream.loading = this.#deps.sink.load(version, changes, options, (failure) => {
      stream.loading = undefined;
      this.#attempt(stream, () => {
        if (failure !== undefined) throw MoldauError.from(failure);
        this.#watch(stream.call, stream.address);
        const { waiting } = stream;
        stream.waiting = [];
        for (const message of waiting) this.#arrived(message, stream);
        if (stream.loading === undefined) stream.call.resume();
      });
    });
  }

  #broken(address: string, error: MoldauError | undefined): void {
    if (this.#state.kind !== 'open') return;
    this.#state.loading?.cancel();
    this.#watchdog?.cancel();
    const delayMs = this.#backOff.next();
    this.#deps.logger.debug('the metadata stream broke', { address, reason: error?.reason, message: error?.message, delayMs });
    this.#state = { kind: 'waiting', timer: this.#deps.scheduler.after(delayMs, () => this.#open(), { background: true }) };
  }
}
