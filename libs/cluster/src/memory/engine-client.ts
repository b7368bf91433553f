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
  const { scheduler, engine, link } = deps;
  let position = request.after;
  let over = false;
  let pumping = false;
  let timer: Timer | undefined;

  function pump(): void {
    if (over || pumping || !link.connected()) return;
    pumping = true;
    link.deliver(() => {
      pumping = false;
      if (over || !link.connected()) return;
      deliverSome();
    });
  }
  function deliverSome(): void {
    let changes: readonly RevisionEvents[];
    try {
      changes = engine.changesAfter(position, WATCH_BATCH_REVISIONS);
    } catch (error) {
      const caught = MoldauError.from(error);
      if (caught.reason !== 'METADATA_COMPACTED') return;
      stop();
      return events.compacted(caught);
    }
    for (const change of changes) {
      if (over) return;
      position = change.revision;
      const seen = change.events.filter((event) => event.key.startsWith(request.prefix));
      if (seen.length > 0) events.revision({ revision: change.revision, events: seen });
    }
    if (changes.length > 0) pump();
  }
  function tick(): void {
    timer = scheduler.after(WATCH_PROGRESS_MS, onTick, { background: true });
  }
  function onTick(): void {
    tick();
    if (!link.connected()) return;
    pump();
    link.deliver(() => {
      if (!over && link.connected() && engine.serving()) events.progress(position);
    });
  }
  const forget = engine.onPublished(pump);
  function stop(): void {
    over = true;
    timer?.cancel();
    forget();
  }
  tick();
  pump();
  return stop;
}
