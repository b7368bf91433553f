import { assert, type BrokerId, type Logger, MoldauError, type Random, type Scheduler, type Timer } from '@moldau/kernel';
import {
  type ClientCall,
  coordinatorService,
  type MetadataEntry,
  openStream,
  type StreamMetadataRequest,
  type StreamMetadataResponse,
} from '@moldau/protocol';
import { BackOff } from './back-off.ts';
import type { CoordinatorDirectory } from './coordinator-directory.ts';

/** A coordinator shows progress every second; after three silent ones another is asked. */
const SILENCE_MS_MAX = 3_000;
/** Largest snapshot that is taken: 10⁵ partitions are some 20 MiB. */
const SNAPSHOT_ENTRIES_MAX = 5_000_000;

/** Takes whole revisions of the cluster's metadata. */
export interface MetadataSink {
  /** Version of what it holds; 0: nothing yet. */
  readonly version: number;
  /** Replaces everything. */
  applySnapshot(version: number, entries: readonly MetadataEntry[]): void;
  /** Changes of the revisions up to `version`; may be empty. */
  applyDelta(version: number, entries: readonly MetadataEntry[]): void;
}

export interface MetadataStreamDeps {
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly logger: Logger;
  readonly coordinators: CoordinatorDirectory;
  readonly brokerId: BrokerId;
  readonly sink: MetadataSink;
}

/** closed → waiting → open → waiting …; every state → closed. */
type State =
  | { readonly kind: 'waiting'; readonly timer: Timer }
  | { readonly kind: 'open'; readonly call: ClientCall<StreamMetadataRequest>; readonly address: string }
  | { readonly kind: 'closed' };

/**
 * Follows the cluster's metadata from any coordinator: a snapshot, then revision after revision. A version lower than
 * the one held is refused, and so is half a snapshot.
 */
export class MetadataStream {
  readonly #deps: MetadataStreamDeps;
  readonly #backOff: BackOff;
  #state: State = { kind: 'closed' };
  #snapshot: MetadataEntry[] | undefined;
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
    if (state.kind === 'open') state.call.cancel();
  }

  #open(): void {
    const { coordinators, brokerId, sink } = this.#deps;
    const address = coordinators.next();
    this.#snapshot = undefined;
    let call: ClientCall<StreamMetadataRequest> | undefined;
    const mine = (): boolean => this.#state.kind === 'open' && this.#state.call === call;
    const opened = openStream(
      coordinators.channel(address),
      coordinatorService.streamMetadata,
      {},
      {
        message: (message) => {
          if (mine()) this.#receive(message, opened, address);
        },
        closed: (error) => {
          if (mine()) this.#broken(address, error);
        },
      },
    );
    call = opened;
    this.#state = { kind: 'open', call: opened, address };
    opened.send({ brokerId, fromVersion: sink.version });
    opened.end();
    this.#watch(opened, address);
  }

  #watch(call: ClientCall<StreamMetadataRequest>, address: string): void {
    this.#watchdog?.cancel();
    this.#watchdog = this.#deps.scheduler.after(
      SILENCE_MS_MAX,
      () => {
        const silence = new MoldauError('COORDINATOR_NOT_AVAILABLE', `${address} sent no metadata for ${SILENCE_MS_MAX} ms`, { address });
        this.#broken(address, silence);
        call.cancel();
      },
      { background: true },
    );
  }

  #receive(message: StreamMetadataResponse, call: ClientCall<StreamMetadataRequest>, address: string): void {
    this.#watch(call, address);
    try {
      this.#apply(message);
    } catch (caught) {
      this.#broken(address, MoldauError.from(caught));
      call.cancel();
    }
  }

  #apply(message: StreamMetadataResponse): void {
    const { sink, coordinators } = this.#deps;
    if (message.version < sink.version) {
      const facts = { value: String(message.version), limit: String(sink.version) };
      const text = `metadata of version ${message.version} was offered; version ${sink.version} is held`;
      throw new MoldauError('COORDINATOR_NOT_AVAILABLE', text, facts);
    }
    if (message.coordinatorAddresses.length > 0) coordinators.learn(message.coordinatorAddresses);
    if (message.snapshot) {
      this.#collect(message);
    } else if (this.#snapshot !== undefined) {
      throw new MoldauError('COORDINATOR_NOT_AVAILABLE', 'a change came in the middle of a snapshot', {});
    } else {
      sink.applyDelta(message.version, message.entries);
    }
    this.#backOff.reset();
  }

  #collect(message: StreamMetadataResponse): void {
    const entries = this.#snapshot ?? [];
    this.#snapshot = entries;
    for (const entry of message.entries) entries.push(entry);
    if (entries.length > SNAPSHOT_ENTRIES_MAX) {
      const facts = { value: String(entries.length), limit: String(SNAPSHOT_ENTRIES_MAX) };
      throw new MoldauError('COORDINATOR_NOT_AVAILABLE', 'a metadata snapshot has too many entries', facts);
    }
    if (!message.snapshotEnd) return;
    this.#snapshot = undefined;
    this.#deps.sink.applySnapshot(message.version, entries);
  }

  #broken(address: string, error: MoldauError | undefined): void {
    if (this.#state.kind !== 'open') return;
    this.#watchdog?.cancel();
    const delayMs = this.#backOff.next();
    this.#deps.logger.debug('the metadata stream broke', { address, reason: error?.reason, message: error?.message, delayMs });
    this.#state = { kind: 'waiting', timer: this.#deps.scheduler.after(delayMs, () => this.#open(), { background: true }) };
  }
}
