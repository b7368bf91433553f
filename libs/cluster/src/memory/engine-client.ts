import { assert, type Clock, MoldauError, type Scheduler, type Timer } from '@moldau/kernel';
import { keepLease } from '../lease-keeper.ts';
import {
  LEASE_TTL_MS_MIN,
  type Lease,
  type LeaseEvents,
  type MetadataStore,
  type RevisionEvents,
  WATCH_PROGRESS_MS,
  type WatchEvents,
  type WatchRequest,
} from '../metadata-store.ts';
import { type MetadataEngine, unavailable } from './metadata-engine.ts';

/** The way between a client and its engine; where a simulation puts its faults. */
export interface EngineLink {
  /** Runs the request at the engine and brings back its answer; rejects METADATA_STORE_UNAVAILABLE. */
  call<Answer>(request: () => Answer | Promise<Answer>): Promise<Answer>;
  /** Runs the callback later, after those before it; never when the client is closed. */
  deliver(callback: () => void): void;
  /** Whether watches hear anything now. */
  connected(): boolean;
}

export interface EngineClientDeps {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly engine: MetadataEngine;
  readonly link: EngineLink;
}

/** Revisions handed to a watcher before others get their turn. */
const WATCH_BATCH_REVISIONS = 100;

/** The MetadataStore port over an engine in the same process. */
export function createEngineClient(deps: EngineClientDeps): MetadataStore {
  const { engine, link } = deps;
  const open = new Set<() => void>();
  let closed = false;

  function call<Answer>(request: () => Answer | Promise<Answer>): Promise<Answer> {
    if (closed) return Promise.reject(unavailable('it was closed'));
    return link.call(request);
  }
  function register(close: () => void): () => void {
    open.add(close);
    return () => {
      open.delete(close);
      close();
    };
  }

  return {
    get: (key) => call(() => engine.get(key)),
    range: (request) => call(() => engine.range(request)),
    transact: (transaction) => call(() => engine.transact(transaction)),
    watch(request, events) {
      if (closed) return { cancel: () => undefined };
      return { cancel: register(startWatch(deps, request, events)) };
    },
    lease: (ttlMs, events) => takeLease(deps, call, register, ttlMs, events),
    async close() {
      closed = true;
      for (const close of open) close();
      open.clear();
    },
  };
}

async function takeLease(
  deps: EngineClientDeps,
  call: EngineLink['call'],
  register: (close: () => void) => () => void,
  askedMs: number,
  events: LeaseEvents,
): Promise<Lease> {
  assert(askedMs > 0, 'a lease lasts', { askedMs });
  const { clock, scheduler, engine } = deps;
  const ttlMs = Math.max(askedMs, LEASE_TTL_MS_MIN);
  const grantedAtMs = clock.monotonicMs();
  const id = await call(() => engine.grantLease(ttlMs));
  const renew = async (): Promise<'alive' | 'gone'> => ((await call(() => engine.renewLease(id))) ? 'alive' : 'gone');
  const keeper = keepLease({ clock, scheduler }, { ttlMs, grantedAtMs, renew, events });
  const stop = register(keeper.stop);
  return {
    id,
    ttlMs,
    deadlineMs: keeper.deadlineMs,
    alive: keeper.alive,
    async revoke() {
      stop();
      await call(() => engine.endLease(id));
    },
  };
}

/** Starts a watch; returns the way to end it. */
function startWatch(deps: EngineClientDeps, request: WatchRequest, events: WatchEvents): () => void {
  const watch = new EngineWatch(deps, request, events);
  watch.start();
  return () => watch.stop();
}

/** Reads what is published beyond its position whenever something is, in batches, as far as the link lets it. */
class EngineWatch {
  private readonly deps: EngineClientDeps;
  private readonly prefix: string;
  private readonly events: WatchEvents;
  private position: number;
  private over = false;
  private pumping = false;
  private timer: Timer | undefined;
  private forget: (() => void) | undefined;

  constructor(deps: EngineClientDeps, request: WatchRequest, events: WatchEvents) {
    this.deps = deps;
    this.prefix = request.prefix;
    this.events = events;
    this.position = request.after;
  }

  start(): void {
    this.forget = this.deps.engine.onPublished(() => this.pump());
    this.tick();
    this.pump();
  }

  stop(): void {
    this.over = true;
    this.timer?.cancel();
    this.forget?.();
  }

  private pump(): void {
    const { link } = this.deps;
    if (this.over || this.pumping || !link.connected()) return;
    this.pumping = true;
    link.deliver(() => {
      this.pumping = false;
      if (!this.over && link.connected()) this.deliverSome();
    });
  }

  private deliverSome(): void {
    let changes: readonly RevisionEvents[];
    try {
      changes = this.deps.engine.changesAfter(this.position, WATCH_BATCH_REVISIONS);
    } catch (error) {
      const caught = MoldauError.from(error);
      if (caught.reason !== 'METADATA_COMPACTED') return;
      this.stop();
      return this.events.compacted(caught);
    }
    for (const change of changes) {
      if (this.over) return;
      this.position = change.revision;
      const seen = change.events.filter((event) => event.key.startsWith(this.prefix));
      if (seen.length > 0) this.events.revision({ revision: change.revision, events: seen });
    }
    if (changes.length > 0) this.pump();
  }

  private tick(): void {
    const onTick = (): void => {
      this.tick();
      const { link, engine } = this.deps;
      if (!link.connected()) return;
      this.pump();
      link.deliver(() => {
        if (!this.over && link.connected() && engine.serving()) this.events.progress(this.position);
      });
    };
    this.timer = this.deps.scheduler.after(WATCH_PROGRESS_MS, onTick, { background: true });
  }
}
