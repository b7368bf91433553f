import { type RevisionEvents, type StoreEvent, WATCH_PROGRESS_MS, type WatchEvents, type WatchRequest } from '@moldau/cluster';
import { type Clock, type Logger, MoldauError, type Scheduler, type Timer, unreachable } from '@moldau/kernel';
import type { IWatchResponse } from 'etcd3';
import type { EtcdClient, WatchStream } from './etcd-client.ts';
import type { EtcdConnection } from './etcd-connection.ts';
import { decodeEvent, keyBytes, prefixEnd } from './etcd-encoding.ts';

/**
 * A watch that survives its connections.
 *
 * Whole revisions: etcd puts all events of a revision into one response and splits a response only when asked to, by
 * `fragment`, which we do because a batch may be larger than a message; the parts are put together again here.
 *
 * Progress: etcd before 3.4.25 and 3.5.8 may answer a progress request with a revision whose events are still to come, so
 * that answer is a sign of life and never moves the position. The watch's own progress notification does: it travels in the
 * queue of the events.
 *
 * Compaction: a watch that starts at the compaction's own revision may miss a deletion, without an error. So a new stream
 * counts only once a read at the position, sent after it began, has shown that the position is not compacted.
 *
 * Moves: connecting → verifying → open; each of them → waiting → connecting; each → over.
 */
type State =
  | { readonly tag: 'connecting' }
  | { readonly tag: 'verifying'; readonly stream: WatchStream; readonly held: IWatchResponse[] }
  | { readonly tag: 'open'; readonly stream: WatchStream }
  | { readonly tag: 'waiting'; readonly timer: Timer }
  | { readonly tag: 'over' };

/** Silence after which a stream is given up. */
const SILENCE_MS_MAX = 3 * WATCH_PROGRESS_MS;
/** Progress answers in a row that may show a member behind the newest known revision, before another is tried. */
const STALE_ANSWERS_MAX = 5;
const BACKOFF_MS_MIN = 100;
const BACKOFF_MS_MAX = 1_000;
/** Responses kept while the position is verified, which takes one read; with more the watch begins again. */
const HELD_MAX = 10_000;
/** Watch id of answers to progress requests. */
const PROGRESS_WATCH_ID = '-1';

export interface EtcdWatchDeps {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
  readonly connection: EtcdConnection;
}

export class EtcdWatch {
  private readonly deps: EtcdWatchDeps;
  private readonly request: WatchRequest;
  private readonly events: WatchEvents;
  private state: State = { tag: 'over' };
  private client: EtcdClient | undefined;
  private position: number;
  private parts: IWatchResponse['events'] = [];
  private heardAtMs = 0;
  private staleAnswers = 0;
  /** Newest known revision at the last two ticks, the older first: what an answer to a progress request must have reached. */
  private known: readonly [number, number] = [0, 0];
  private backoffMs = BACKOFF_MS_MIN;
  private ticker: Timer | undefined;

  constructor(deps: EtcdWatchDeps, request: WatchRequest, events: WatchEvents) {
    this.deps = deps;
    this.request = request;
    this.events = events;
    this.position = request.after;
    this.connect();
    this.tick();
  }

  cancel(): void {
    this.ticker?.cancel();
    this.leave();
    this.state = { tag: 'over' };
  }

  /** Ends what the present state holds open. */
  private leave(): void {
    switch (this.state.tag) {
      case 'verifying':
      case 'open':
        this.state.stream.cancel();
        break;
      case 'waiting':
        this.state.timer.cancel();
        break;
      case 'connecting':
      case 'over':
        break;
      default:
        unreachable(this.state);
    }
    this.parts = [];
  }

  private connect(): void {
    const connecting: State = { tag: 'connecting' };
    this.state = connecting;
    this.heardAtMs = this.deps.clock.monotonicMs();
    const client = this.deps.connection.client();
    this.client = client;
    client.openWatchStream().then(
      (stream) => {
        if (this.state === connecting) this.begin(stream);
        else stream.cancel();
      },
      (error: unknown) => {
        if (this.state === connecting) this.retry('no watch stream could be opened', error);
      },
    );
  }

  private begin(stream: WatchStream): void {
    this.state = { tag: 'verifying', stream, held: [] };
    const current = (): boolean => (this.state.tag === 'verifying' || this.state.tag === 'open') && this.state.stream === stream;
    stream.on('data', (response) => {
      if (current()) this.receive(response);
    });
    stream.on('error', (error) => {
      if (current()) this.retry('the watch stream failed', error);
    });
    stream.on('end', () => {
      if (current()) this.retry('the watch stream ended');
    });
    stream.write({
      create_request: {
        key: keyBytes(this.request.prefix),
        range_end: prefixEnd(this.request.prefix),
        start_revision: this.position + 1,
        progress_notify: true,
        fragment: true,
      },
    });
  }

  private receive(response: IWatchResponse): void {
    this.heardAtMs = this.deps.clock.monotonicMs();
    if (Number(response.compact_revision) > 0) return this.endCompacted(`etcd keeps revisions from ${response.compact_revision} on`);
    if (response.canceled) return this.retry(`etcd cancelled the watch: ${response.cancel_reason}`);
    if (response.watch_id === PROGRESS_WATCH_ID) return this.receiveProgress(response);
    if (response.created) {
      if (this.state.tag === 'verifying') void this.verify(this.state.stream);
      return;
    }
    if (this.state.tag !== 'verifying') return this.deliver(response);
    if (this.state.held.length === HELD_MAX) return this.retry(`${HELD_MAX} responses came before the position was verified`);
    this.state.held.push(response);
  }

  /** The stream has begun; shows that nothing between the position and its beginning was compacted. */
  private async verify(stream: WatchStream): Promise<void> {
    const { connection } = this.deps;
    const begun = this.state;
    const revision = this.position;
    try {
      const range = { key: keyBytes(this.request.prefix), revision, keys_only: true };
      await connection.read((client, options) => client.kv.range(range, options));
    } catch (error) {
      if (this.state !== begun) return;
      const failed = MoldauError.from(error);
      if (failed.reason === 'METADATA_COMPACTED') this.endCompacted(`revision ${revision} is gone`);
      else this.retry('the position of the watch could not be verified', failed);
      return;
    }
    if (this.state !== begun || begun.tag !== 'verifying') return;
    this.state = { tag: 'open', stream };
    this.backoffMs = BACKOFF_MS_MIN;
    this.staleAnswers = 0;
    for (const response of begun.held) if (this.isOpen(stream)) this.deliver(response);
  }

  private isOpen(stream: WatchStream): boolean {
    return this.state.tag === 'open' && this.state.stream === stream;
  }

  private deliver(response: IWatchResponse): void {
    const events = [...this.parts, ...response.events];
    this.parts = response.fragment ? events : [];
    if (response.fragment) return;
    if (events.length === 0) {
      this.position = Math.max(this.position, Number(response.header.revision));
      return this.events.progress(this.position);
    }
    for (const changes of wholeRevisions(events.map(decodeEvent))) {
      if (changes.revision <= this.position) continue;
      this.position = changes.revision;
      this.events.revision(changes);
      if (this.state.tag !== 'open') return;
    }
  }

  private receiveProgress(response: IWatchResponse): void {
    const behind = Number(response.header.revision) < this.known[0];
    this.staleAnswers = behind ? this.staleAnswers + 1 : 0;
    if (this.staleAnswers > STALE_ANSWERS_MAX) return this.retry('the etcd member is behind the others');
    if (this.state.tag === 'open' && !behind) this.events.progress(this.position);
  }

  private tick(): void {
    this.ticker = this.deps.scheduler.after(WATCH_PROGRESS_MS / 2, () => this.onTick(), { background: true });
  }

  private onTick(): void {
    this.tick();
    const silent = this.deps.clock.monotonicMs() - this.heardAtMs > SILENCE_MS_MAX;
    if (silent && this.state.tag !== 'waiting' && this.state.tag !== 'over') return this.retry('the watch stream is silent');
    this.known = [this.known[1], this.deps.connection.seenRevision()];
    if (this.state.tag === 'open') this.state.stream.write({ progress_request: {} });
  }

  private retry(why: string, error?: unknown): void {
    const cause = error === undefined ? undefined : MoldauError.from(error).message;
    this.deps.logger.warn('the etcd watch is resumed', { why, position: this.position, error: cause });
    this.leave();
    if (this.client !== undefined) this.deps.connection.avoid(this.client);
    this.state = { tag: 'waiting', timer: this.deps.scheduler.after(this.backoffMs, () => this.connect()) };
    this.backoffMs = Math.min(this.backoffMs * 2, BACKOFF_MS_MAX);
  }

  private endCompacted(why: string): void {
    this.cancel();
    const facts = { revision: String(this.position + 1) };
    this.events.compacted(new MoldauError('METADATA_COMPACTED', `the watch can't go on at revision ${this.position + 1}: ${why}`, facts));
  }
}

/** Events, which come in the order of their revisions, by revision. */
function wholeRevisions(events: readonly StoreEvent[]): readonly RevisionEvents[] {
  const groups: { revision: number; events: StoreEvent[] }[] = [];
  for (const event of events) {
    const last = groups.at(-1);
    if (last?.revision === event.modRevision) last.events.push(event);
    else groups.push({ revision: event.modRevision, events: [event] });
  }
  return groups;
}
