import type { Clock, Random, Scheduler } from '@moldau/kernel';
import type { MetadataStore } from '../metadata-store.ts';
import { createEngineClient, type EngineLink } from './engine-client.ts';
import { MetadataEngine, unavailable } from './metadata-engine.ts';

export interface MemoryStoreDeps {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  /** Decides latencies and losses; without it there are none. */
  readonly random?: Random;
}

/** Faults of the way between one client and the store; all off at first. */
export interface MemoryStoreFaults {
  /** Nothing gets through: calls reject at their deadline, watches are silent and resume. */
  partitioned: boolean;
  /** Time each way takes at most; uniform from 0. */
  latencyMsMax: number;
  /** Share of calls that never arrive. */
  requestLoss: number;
  /** Share of calls that happen and whose answer never arrives. */
  answerLoss: number;
  /** Extra time until a watch hears of a change. */
  watchDelayMs: number;
}

export interface MemoryStoreClient {
  readonly store: MetadataStore;
  readonly faults: MemoryStoreFaults;
}

/** A metadata store in memory for specs and simulations: one server, many clients, each with its own faults. */
export interface MemoryMetadataStore {
  /** The server's side, to look at and to compact. */
  readonly engine: MetadataEngine;
  /** Another client, with the clock and scheduler of its node where they differ from the server's. */
  connect(node?: { readonly clock: Clock; readonly scheduler: Scheduler }): MemoryStoreClient;
  /** Forgets all history, as an operator's compaction does. */
  compact(): void;
}

/** When an unanswered call is given up, as the etcd adapter does by default. */
const CALL_TIMEOUT_MS = 2_000;

export function createMemoryMetadataStore(deps: MemoryStoreDeps): MemoryMetadataStore {
  const engine = new MetadataEngine({ clock: deps.clock, scheduler: deps.scheduler, commit: () => Promise.resolve() });
  return {
    engine,
    connect(node = deps) {
      const faults: MemoryStoreFaults = { partitioned: false, latencyMsMax: 0, requestLoss: 0, answerLoss: 0, watchDelayMs: 0 };
      const link = createFaultyLink(node.scheduler, deps.random, faults);
      return { store: createEngineClient({ ...node, engine, link }), faults };
    },
    compact: () => engine.state.compact(engine.state.headRevision()),
  };
}

function createFaultyLink(scheduler: Scheduler, random: Random | undefined, faults: MemoryStoreFaults): EngineLink {
  const chance = (share: number): boolean => share > 0 && random !== undefined && random.fraction() < share;
  const travel = (then: () => void): void => {
    const delay = random === undefined ? 0 : random.fraction() * faults.latencyMsMax;
    if (delay === 0) scheduler.nextTurn(then);
    else scheduler.after(delay, then);
  };

  return {
    connected: () => !faults.partitioned,
    deliver(callback) {
      if (faults.watchDelayMs > 0) scheduler.after(faults.watchDelayMs, callback);
      else scheduler.nextTurn(callback);
    },
    call: <Answer>(request: () => Answer | Promise<Answer>): Promise<Answer> =>
      new Promise((resolve, reject) => {
        const deadline = scheduler.after(CALL_TIMEOUT_MS, () => reject(unavailable(`no answer within ${CALL_TIMEOUT_MS} ms`)));
        const answer = (settle: () => void): void => {
          if (chance(faults.answerLoss)) return;
          travel(() => {
            if (faults.partitioned) return;
            deadline.cancel();
            settle();
          });
        };
        if (chance(faults.requestLoss)) return;
        travel(() => {
          if (faults.partitioned) return;
          attempt(request).then(
            (value) => answer(() => resolve(value)),
            (error: unknown) => answer(() => reject(error)),
          );
        });
      }),
  };
}

async function attempt<Answer>(request: () => Answer | Promise<Answer>): Promise<Answer> {
  return request();
}
