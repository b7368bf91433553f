import { createMemoryMetadataStore, type MemoryMetadataStore } from '@moldau/cluster/memory';
import { crc32c } from '@moldau/records';
import { type Packet, SeededRandom, SimNetwork, type SimProcess, SimScheduler } from '@moldau/testkit';
import { CandidateChecker } from '../check/candidate-checker.ts';
import { Findings } from '../check/findings.ts';
import { MetadataChecker } from '../check/metadata-checker.ts';
import { ReadChecker } from '../check/read-checker.ts';
import type { Mutation } from '../mutation/mutation.ts';
import { Trace } from '../run/trace.ts';
import { programsOf } from '../scenario/groups-plan.ts';
import { numbered, type Scenario } from '../scenario/scenario.ts';
import { BrokerNode, CLIENT_PORT } from './broker-node.ts';
import { ClientNode } from './client-node.ts';
import { CoordinatorNode } from './coordinator-node.ts';
import { Cuts } from './cuts.ts';
import type { NodeDeps } from './node-deps.ts';

export interface WorldOptions {
  readonly mutation?: Mutation | undefined;
  /** Keeps lines to read. */
  readonly readable?: boolean;
}

/** One way in a healthy network, in ms; up to as much again is added by chance. */
const LATENCY_MS = 0.3;
/** After so long both ends give up a connection into a partition; shorter than the default, as the runs are. */
const KEEPALIVE_MS = 5_000;
/** Between two looks of the runner; a whole run has some 10,000. One that goes beyond turns round at one moment for ever. */
const EVENTS_MAX = 200_000;
const WINDOW_BYTES = 4 * 1024 * 1024;
const PACKET_KINDS: readonly Packet['kind'][] = ['open', 'message', 'end', 'credit', 'status', 'cancel'];

/** A cluster with its clients, its network and its metadata store, in virtual time. */
export class World {
  readonly scheduler: SimScheduler;
  readonly network: SimNetwork;
  readonly cuts: Cuts;
  readonly store: MemoryMetadataStore;
  readonly trace: Trace;
  readonly findings: Findings;
  readonly metadata: MetadataChecker;
  readonly reads: ReadChecker;
  readonly candidates: CandidateChecker;
  readonly brokers: readonly BrokerNode[];
  readonly coordinators: readonly CoordinatorNode[];
  /** Events so far. */
  events = 0;
  readonly #clients = new Map<string, ClientNode>();
  readonly #random: SeededRandom;
  readonly #names: readonly string[];
  readonly #extraMs = new Map<string, number>();

  constructor(scenario: Scenario, options: WorldOptions = {}) {
    // Not the generator that planned the scenario: a change of plans must not look like another plan.
    const random = new SeededRandom(scenario.seed).fork();
    this.#random = random;
    this.trace = new Trace({ readable: options.readable ?? false, now: () => this.scheduler.nowMs });
    this.findings = new Findings(this.trace);
    this.scheduler = new SimScheduler({
      random: random.fork(),
      eventsMax: EVENTS_MAX,
      onEvent: ({ timeMs, sequence, processId }) => {
        this.events++;
        this.trace.mixFloat(timeMs);
        this.trace.mix(sequence);
        this.trace.mix(processId);
      },
    });
    this.network = this.#createNetwork();
    this.cuts = new Cuts(this.network);
    const { clock } = this.scheduler;
    this.store = createMemoryMetadataStore({ clock, scheduler: this.scheduler, random: random.fork() });
    this.candidates = new CandidateChecker({
      findings: this.findings,
      broker: (id) => this.broker(id),
      registered: (id) => this.metadata.registered(id),
    });
    this.metadata = new MetadataChecker(this.store, this.candidates, this.findings, this.trace);
    this.reads = new ReadChecker(this.findings, (partition, end) => this.candidates.committed(partition, end));
    this.coordinators = this.#createCoordinators(scenario.coordinators, options.mutation);
    this.brokers = this.#createBrokers(scenario, options.mutation);
    this.#names = [
      ...[...this.coordinators, ...this.brokers].map(({ name }) => name),
      ...numbered('producer', scenario.producers),
      ...numbered('consumer', scenario.consumers),
      ...programsOf(scenario.groups),
      'auditor',
      'observer',
    ];
  }

  broker(id: number): BrokerNode {
    const found = this.brokers.find((broker) => broker.id === id);
    if (found === undefined) throw new Error(`there is no broker ${id}`);
    return found;
  }

  coordinator(number: number): CoordinatorNode {
    const found = this.coordinators[number - 1];
    if (found === undefined) throw new Error(`there is no coordinator ${number}`);
    return found;
  }

  /** The client of this name, made when it is first asked for. */
  client(name: string): ClientNode {
    const bootstrap = this.brokers.map((broker) => `${broker.name}:${CLIENT_PORT}`);
    const client = this.#clients.get(name) ?? new ClientNode(name, bootstrap, this.#deps());
    this.#clients.set(name, client);
    return client;
  }

  /** The process that runs on this node now; undefined while none does. */
  processOf(name: string): SimProcess | undefined {
    return [...this.coordinators, ...this.brokers, ...this.#clients.values()].find((node) => node.name === name)?.process;
  }

  /** Adds to the delay of all that this node sends and gets; returns the way to undo it. */
  slowDown(node: string, extraMs: number): () => void {
    const change = (byMs: number): void => void this.#extraMs.set(node, (this.#extraMs.get(node) ?? 0) + byMs);
    change(extraMs);
    return () => change(-extraMs);
  }

  #createNetwork(): SimNetwork {
    const extra = (node: string): number => this.#extraMs.get(node) ?? 0;
    return new SimNetwork({
      scheduler: this.scheduler,
      random: this.#random.fork(),
      latencyMs: (from, to) => LATENCY_MS + extra(from) + extra(to),
      jitterMs: LATENCY_MS,
      windowBytes: WINDOW_BYTES,
      keepaliveMs: KEEPALIVE_MS,
      onPacket: (_from, _to, packet) => {
        this.trace.mix(PACKET_KINDS.indexOf(packet.kind));
        if (packet.kind !== 'message') return;
        this.trace.mix(packet.bytes.length);
        this.trace.mix(crc32c(packet.bytes));
      },
    });
  }

  #createCoordinators(count: number, mutation: Mutation | undefined): CoordinatorNode[] {
    const mutate = mutation?.store ?? ((store) => store);
    const view = { image: () => this.metadata.image };
    return Array.from(
      { length: count },
      (_, at) =>
        new CoordinatorNode(at + 1, {
          ...this.#deps(),
          store: this.store,
          mutateStore: (store, name) => mutate(this.metadata.observe(store, name)),
          mutateHandlers: (handlers) => mutation?.coordinator?.(handlers, view) ?? handlers,
        }),
    );
  }

  #createBrokers(scenario: Scenario, mutation: Mutation | undefined): BrokerNode[] {
    const coordinators = this.coordinators.map(({ address }) => address);
    return Array.from(
      { length: scenario.brokers },
      (_, at) =>
        new BrokerNode(at + 1, scenario.setup, {
          ...this.#deps(),
          coordinators,
          mutateDisk: mutation?.disk ?? ((disk) => disk),
          mutateBroker: () => mutation?.broker?.({ image: () => this.metadata.image }) ?? {},
          revision: () => this.store.engine.state.headRevision(),
        }),
    );
  }

  #deps(): NodeDeps {
    const { scheduler, network, cuts, trace } = this;
    return { scheduler, network, cuts, trace, random: this.#random.fork(), names: () => this.#names };
  }
}
