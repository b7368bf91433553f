import { type Clock, MoldauError, type Random, type Scheduler, type Timer } from '@moldau/kernel';
import type {
  ClientCall,
  ClientStreamEvents,
  GetMetadataResponse,
  MetadataChange,
  WatchMetadataRequest,
  WatchMetadataResponse,
} from '@moldau/protocol';
import { backoffMs } from '../backoff.ts';

/**
 * The stream on which one broker pushes changes of the topics in use:
 *
 *   off       nothing is in use, or the program has only begun to name its topics
 *   opening   asked for; nothing is pushed before the snapshot
 *   live      the snapshot has come; changes follow
 *   pausing   the stream broke or was refused; another is opened after a while
 *
 * Moves: off → opening → live; opening | live → pausing (ended) | off (other topics are in use, the broker lags behind);
 * pausing → off.
 */
type State =
  | { readonly t: 'off'; readonly timer: Timer | undefined }
  | { readonly t: 'opening'; readonly open: Open }
  | { readonly t: 'live'; readonly open: Open; readonly sinceMs: number }
  | { readonly t: 'pausing'; readonly timer: Timer };

type Call = ClientCall<WatchMetadataRequest>;

interface Open {
  readonly brokerId: number;
  readonly names: ReadonlySet<string>;
  call: Call | undefined;
}

export interface WatchDependencies {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly random: Random;
  /** Names of the topics in use. */
  topics(): Iterable<string>;
  topicCount(): number;
  /** A broker to watch, another than `avoid` if there is one. */
  broker(avoid: number | undefined): number | undefined;
  /** Undefined when the broker's address is unknown. */
  open(brokerId: number, events: ClientStreamEvents<WatchMetadataResponse>): Call | undefined;
  snapshot(response: GetMetadataResponse, asked: readonly string[]): void;
  change(change: MetadataChange): void;
  /** Nothing is pushed from now on. */
  lost(): void;
  /** The broker says nothing, not even that it is there. */
  silent(brokerId: number): void;
}

/** Topics on one stream, as the protocol allows. More are in use: none is watched, refreshes serve them all. */
const WATCHED_TOPICS_MAX = 10_000;
/** Gathers the topics that a program names one after the other, and limits how often the stream is opened anew. */
const SETTLE_MS = 100;
/**
 * Servers send a heartbeat after 1 s of silence; after three missed ones nobody is there. Who waits for longer learns of a leader
 * that fell silent together with its broker after everybody else: that is a broker's session with the controller.
 */
const SILENCE_MS = 3_000;
/** A stream that lived this long was a good one: the next break is a new failure. */
const STABLE_MS = 10_000;
/**
 * A broker that stops says so: no failure, and its leaders are moving just now. Its watchers go elsewhere at once, but not all in
 * the same instant.
 */
const LEAVE_SPREAD_MS = 20;
/** A broker that does not offer the stream, or not to us, is asked again as rarely as metadata is refreshed. */
const REFUSED_PAUSE_MS = 300_000;

/** Keeps one stream to one broker, for the topics in use and no others. */
export class MetadataWatch {
  readonly #deps: WatchDependencies;
  #state: State = { t: 'off', timer: undefined };
  #failures = 0;
  #avoid: number | undefined;
  #lastMessageMs = 0;
  #watchdog: Timer | undefined;
  #closed = false;

  constructor(deps: WatchDependencies) {
    this.#deps = deps;
  }

  /** Whether changes of all topics in use are pushed now. */
  get covers(): boolean {
    return this.#state.t === 'live' && this.#fits(this.#state.open.names);
  }

  /** To be called when the topics in use may have changed. */
  update(): void {
    const state = this.#state;
    if (this.#closed || state.t === 'pausing') return;
    if (state.t === 'off') {
      if (state.timer === undefined) this.#settle();
    } else if (!this.#fits(state.open.names)) {
      this.#drop();
      this.#settle();
    }
  }

  /** A refresh knew what the stream should have told before: its broker lags behind. */
  lagging(): void {
    if (this.#state.t !== 'live') return;
    this.#avoid = this.#state.open.brokerId;
    this.#drop();
    this.#settle();
  }

  close(): void {
    this.#closed = true;
    const state = this.#state;
    if (state.t === 'pausing' || state.t === 'off') state.timer?.cancel();
    this.#drop();
  }

  #fits(names: ReadonlySet<string>): boolean {
    if (names.size !== this.#deps.topicCount()) return false;
    for (const name of this.#deps.topics()) if (!names.has(name)) return false;
    return true;
  }

  #settle(): void {
    const timer = this.#deps.scheduler.after(SETTLE_MS, () => this.#open(), { background: true });
    this.#state = { t: 'off', timer };
  }

  #drop(): void {
    const state = this.#state;
    this.#watchdog?.cancel();
    this.#watchdog = undefined;
    this.#state = { t: 'off', timer: undefined };
    if (state.t === 'opening' || state.t === 'live') state.open.call?.cancel();
  }

  #open(): void {
    this.#state = { t: 'off', timer: undefined };
    const count = this.#deps.topicCount();
    if (this.#closed || count === 0 || count > WATCHED_TOPICS_MAX) return;
    const names = new Set(this.#deps.topics());
    const brokerId = this.#deps.broker(this.#avoid);
    this.#avoid = undefined;
    if (brokerId === undefined) return;
    const open: Open = { brokerId, names, call: undefined };
    this.#state = { t: 'opening', open };
    open.call = this.#deps.open(brokerId, {
      message: (message) => {
        if (this.#isCurrent(open)) this.#message(open, message);
      },
      closed: (error) => {
        if (this.#isCurrent(open)) this.#ended(brokerId, error);
      },
    });
    if (!this.#isCurrent(open)) return;
    if (open.call === undefined) {
      this.#ended(brokerId, undefined);
      return;
    }
    open.call.send({ topics: [...names].map((value) => ({ selector: { $case: 'name', value } })), allTopics: false });
    open.call.end();
    this.#lastMessageMs = this.#deps.clock.monotonicMs();
    this.#watch();
  }

  #isCurrent(open: Open): boolean {
    return (this.#state.t === 'opening' || this.#state.t === 'live') && this.#state.open === open;
  }

  #message(open: Open, { frame }: WatchMetadataResponse): void {
    this.#lastMessageMs = this.#deps.clock.monotonicMs();
    // A frame of a later version: only a sign of life.
    if (frame === undefined) return;
    switch (frame.$case) {
      case 'snapshot':
        this.#state = { t: 'live', open, sinceMs: this.#lastMessageMs };
        this.#deps.snapshot(frame.value, [...open.names]);
        return;
      case 'change':
        if (this.#state.t === 'live') this.#deps.change(frame.value);
        return;
      case 'heartbeat':
        return;
      case 'goAway':
        this.#pause(open.brokerId, 1 + this.#deps.random.below(LEAVE_SPREAD_MS));
        return;
    }
  }

  #ended(brokerId: number, error: MoldauError | undefined): void {
    const { clock, random } = this.#deps;
    if (this.#state.t === 'live' && clock.monotonicMs() - this.#state.sinceMs >= STABLE_MS) this.#failures = 0;
    this.#pause(brokerId, error === undefined || error.retriable ? backoffMs(random, this.#failures++) : REFUSED_PAUSE_MS);
  }

  #pause(brokerId: number, pauseMs: number): void {
    this.#drop();
    this.#avoid = brokerId;
    const timer = this.#deps.scheduler.after(pauseMs, () => this.#open(), { background: true });
    this.#state = { t: 'pausing', timer };
    this.#deps.lost();
  }

  #watch(): void {
    const waitMs = Math.max(1, this.#lastMessageMs + SILENCE_MS - this.#deps.clock.monotonicMs());
    this.#watchdog = this.#deps.scheduler.after(
      waitMs,
      () => {
        const state = this.#state;
        if (state.t !== 'opening' && state.t !== 'live') return;
        if (this.#deps.clock.monotonicMs() - this.#lastMessageMs < SILENCE_MS) {
          this.#watch();
          return;
        }
        const message = `broker ${state.open.brokerId} was silent for ${SILENCE_MS} ms`;
        this.#deps.silent(state.open.brokerId);
        this.#ended(state.open.brokerId, new MoldauError('REQUEST_TIMED_OUT', message));
      },
      { background: true },
    );
  }
}
