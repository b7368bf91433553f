import type { MetadataStore } from '@moldau/cluster';
import type { MemoryMetadataStore, MemoryStoreFaults } from '@moldau/cluster/memory';
import { createCoordinator } from '@moldau/coordinator';
import { type CallHandlers, coordinatorId, silentMeter } from '@moldau/kernel';
import { coordinatorService } from '@moldau/protocol';
import { SeededIds, type SimProcess } from '@moldau/testkit';
import { traceLogger } from '../run/trace-logger.ts';
import { INTERNAL_PORT } from './broker-node.ts';
import { delayCalls } from './delay-calls.ts';
import type { NodeDeps } from './node-deps.ts';

/** Slowest way to the store, in ms. */
const STORE_MS_MAX = 2;

export interface CoordinatorNodeDeps extends NodeDeps {
  readonly store: MemoryMetadataStore;
  /** Stands between the coordinator and the store: a planted bug, or an observer. */
  readonly mutateStore: (store: MetadataStore, name: string) => MetadataStore;
  /** Stands before what the coordinator answers: where a planted bug lives. */
  readonly mutateHandlers: (handlers: CallHandlers) => CallHandlers;
}

/** A coordinator's machine; it keeps nothing between its lives. */
export class CoordinatorNode {
  readonly name: string;
  readonly address: string;
  /** Added before each call in which a leader proposes changes of ISRs, in ms. */
  slowProposalsMs = 0;
  readonly #deps: CoordinatorNodeDeps;
  #life: { readonly process: SimProcess; readonly faults: MemoryStoreFaults } | undefined;

  constructor(number: number, deps: CoordinatorNodeDeps) {
    this.name = `coordinator-${number}`;
    this.address = `${this.name}:${INTERNAL_PORT}`;
    this.#deps = deps;
  }

  get running(): boolean {
    return this.#life !== undefined;
  }

  get process(): SimProcess | undefined {
    return this.#life?.process;
  }

  /** Faults of its way to the metadata store; undefined while it is down. */
  get storeFaults(): MemoryStoreFaults | undefined {
    return this.#life?.faults;
  }

  /** Starts the process; nothing happens while it runs. */
  start(): void {
    if (this.#life !== undefined) return;
    const { scheduler, network, trace, random, store, mutateStore, mutateHandlers } = this.#deps;
    const process = scheduler.createProcess();
    const client = store.connect(process);
    client.faults.latencyMsMax = STORE_MS_MAX;
    this.#life = { process, faults: client.faults };
    const own = random.fork();
    const node = network.node(this.name, process.scheduler);
    const coordinator = createCoordinator(
      {
        store: mutateStore(client.store, this.name),
        clock: process.clock,
        scheduler: process.scheduler,
        random: own,
        ids: new SeededIds(own),
        logger: traceLogger(trace, this.name),
        meter: silentMeter,
        connector: node.connector,
      },
      { coordinatorId: coordinatorId(this.name), address: this.address },
    );
    const { path } = coordinatorService.alterPartitions;
    const handlers = delayCalls(mutateHandlers(coordinator.handlers), path, process.scheduler, () => this.slowProposalsMs);
    node.serve(INTERNAL_PORT, 'internal', handlers);
    trace.note(this.name, 'starts');
    coordinator.start();
  }

  /** kill -9. What it has sent to the store still arrives or not; its lease runs out. */
  stop(): void {
    const life = this.#life;
    if (life === undefined) return;
    this.#deps.trace.note(this.name, 'is killed');
    this.#life = undefined;
    life.process.stop();
    this.#deps.network.kill(this.name);
    life.faults.partitioned = true;
  }
}
