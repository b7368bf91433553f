import type { MetadataImage } from '@moldau/cluster';
import { assert, type CallHandlers, type ControllerEpoch, type IncomingCall, MoldauError, unreachable } from '@moldau/kernel';
import { coordinatorService, serverStreamHandler, streamHandler, unaryHandler } from '@moldau/protocol';
import { Controller } from './controller.ts';
import { ControllerElection } from './controller-election.ts';
import { type CoordinatorMetrics, createCoordinatorMetrics } from './coordinator-metrics.ts';
import { allocateProducerIds } from './handlers/allocate-producer-ids.ts';
import { alterPartitions } from './handlers/alter-partitions.ts';
import { openBrokerSession } from './handlers/broker-session.ts';
import { ensureShards } from './handlers/ensure-shards.ts';
import { forward } from './handlers/forward.ts';
import { ImageKeeper } from './image-keeper.ts';
import { LeaderlessPartitions } from './leaderless-partitions.ts';
import { MetadataStreams } from './metadata-stream.ts';
import { type CoordinatorDeps, type CoordinatorOptions, type CoordinatorSettings, validateOptions } from './options.ts';
import { HOSTED_KINDS } from './shards/hosted-kinds.ts';
import { Shards } from './shards/shards.ts';

/**
 * What a coordinator does, beside serving the metadata.
 *
 * Moves: stopped → standby → loading (elected) → active → standby (resigned); loading → standby; each → stopped.
 */
type Role =
  | { readonly tag: 'stopped' }
  | { readonly tag: 'standby' }
  | { readonly tag: 'loading'; readonly controller: Controller }
  | { readonly tag: 'active'; readonly controller: Controller };

const LEGAL_MOVES: Readonly<Record<Role['tag'], readonly Role['tag'][]>> = {
  stopped: ['standby'],
  standby: ['loading', 'stopped'],
  loading: ['active', 'standby', 'stopped'],
  active: ['standby', 'stopped'],
};

export type CoordinatorRole = Role['tag'];

export interface Coordinator {
  /** Methods of the internal listener. Accepts calls from the start; answers COORDINATOR_NOT_AVAILABLE until it can. */
  readonly handlers: CallHandlers;
  start(): void;
  /** Gives up the office, ends all streams, releases its keys. The store stays open. */
  stop(): Promise<void>;
  role(): CoordinatorRole;
  /** Whether it has fresh metadata to serve: readiness. */
  ready(): boolean;
  image(): MetadataImage;
}

/** Given to forwarded calls without a deadline. */
const CALL_TIMEOUT_MS = 30_000;
/** Longest that a caller may ask for. */
const CALL_TIMEOUT_MS_MAX = 600_000;

export function createCoordinator(deps: CoordinatorDeps, options: CoordinatorOptions): Coordinator {
  return new CoordinatorService(deps, validateOptions(options));
}

class CoordinatorService implements Coordinator {
  readonly handlers: CallHandlers;
  private readonly deps: CoordinatorDeps;
  private readonly settings: CoordinatorSettings;
  private readonly keeper: ImageKeeper;
  private readonly streams: MetadataStreams;
  private readonly metrics: CoordinatorMetrics;
  private readonly shards: Shards;
  /** Revision at which this life has announced itself. */
  private life: number | undefined;
  private readonly leaderless = new LeaderlessPartitions();
  private current: Role = { tag: 'stopped' };
  private election: ControllerElection | undefined;

  constructor(deps: CoordinatorDeps, settings: CoordinatorSettings) {
    const logger = deps.logger.child({ coordinatorId: settings.coordinatorId });
    this.deps = { ...deps, logger };
    this.settings = settings;
    this.keeper = new ImageKeeper(this.deps, settings.clusterName);
    this.streams = new MetadataStreams({ ...this.deps, keeper: this.keeper });
    this.metrics = createCoordinatorMetrics(deps.meter, {
      isController: () => this.current.tag === 'active',
      metadataVersion: () => this.image().version,
      brokerSessions: () => (this.current.tag === 'active' ? this.current.controller.brokers.sessionCount() : 0),
      fencedBrokers: () => this.image().brokers.count((broker) => broker.fenced),
      slowBrokers: () => this.image().brokers.count((broker) => broker.slowDisk),
      topics: () => this.image().topics.size,
      leaderlessPartitions: () => this.leaderless.count(this.image()),
      metadataStreams: () => this.streams.count(),
      fresh: () => this.keeper.fresh(),
    });
    const life = (): number | undefined => this.life;
    this.shards = new Shards({ ...this.deps, keeper: this.keeper, life }, settings, deps.shardKinds ?? HOSTED_KINDS);
    this.handlers = new Map([...this.createHandlers(), ...this.shards.handlers()]);
  }

  start(): void {
    assert(this.election === undefined, 'a coordinator is started once', {});
    this.move({ tag: 'standby' });
    this.election = new ControllerElection({ ...this.deps, keeper: this.keeper }, this.settings, {
      elected: (epoch) => void this.take(epoch),
      resigned: (why) => this.resign(why),
      announced: (revision) => {
        this.life = revision;
        this.shards.look();
      },
    });
    this.streams.start();
    this.shards.start();
    this.election.start();
    this.keeper.start();
  }

  async stop(): Promise<void> {
    if (this.current.tag === 'stopped') return;
    const stopping = new MoldauError('SHUTTING_DOWN', 'the coordinator is stopping');
    // First, so that their next owners, who are named when the lease is gone, find no other one at work.
    this.shards.stop(stopping);
    await this.election?.stop();
    this.move({ tag: 'stopped' });
    this.streams.stop(stopping);
    this.keeper.stop();
  }

  role(): CoordinatorRole {
    return this.current.tag;
  }

  ready(): boolean {
    return this.keeper.fresh();
  }

  image(): MetadataImage {
    return this.keeper.image();
  }

  private move(next: Role): void {
    assert(LEGAL_MOVES[this.current.tag].includes(next.tag), 'a legal move of a coordinator', { from: this.current.tag, to: next.tag });
    this.current = next;
  }

  /** Elected: loads what the predecessor left, then serves. */
  private async take(epoch: ControllerEpoch): Promise<void> {
    const { conflicts, fencings, elections } = this.metrics;
    const fenced = (): void => this.election?.fenced();
    const controller = new Controller({ ...this.deps, keeper: this.keeper, conflicts, fencings, fenced }, this.settings, epoch);
    this.move({ tag: 'loading', controller });
    const mine = (): boolean => this.current.tag === 'loading' && this.current.controller === controller;
    try {
      await this.keeper.reached(epoch);
      if (!mine()) return;
      await controller.start(mine);
    } catch (error) {
      const failed = MoldauError.from(error);
      if (failed.reason === 'INTERNAL') throw error;
      this.deps.logger.error('the office of the controller could not be taken', { error: failed.message });
      if (mine()) this.election?.fenced();
      return;
    }
    if (!mine()) return;
    this.move({ tag: 'active', controller });
    elections.add(1);
    this.deps.logger.info('active controller', {
      controllerEpoch: epoch,
      topics: this.image().topics.size,
      brokers: this.image().brokers.size,
    });
  }

  private resign(why: string): void {
    const { current } = this;
    if (current.tag !== 'loading' && current.tag !== 'active') return;
    this.move({ tag: 'standby' });
    current.controller.stop(this.notController(why));
  }

  /** The active controller. Throws NOT_CONTROLLER, with the one that is known. */
  private controller(): Controller {
    const { current } = this;
    switch (current.tag) {
      case 'active':
        if (this.election?.epoch() === current.controller.epoch) return current.controller;
        throw this.notController('its lease has run out');
      case 'loading':
        throw this.notController('it is loading the metadata');
      case 'standby':
        throw this.notController('it is on standby');
      case 'stopped':
        throw new MoldauError('SHUTTING_DOWN', 'the coordinator is not running');
      default:
        return unreachable(current);
    }
  }

  private notController(why: string): MoldauError {
    const known = this.image().controller;
    const self = known === undefined || known.coordinatorId === this.settings.coordinatorId;
    const facts: Record<string, string> = self ? {} : { controller_id: known.coordinatorId, controller_address: known.address };
    return new MoldauError('NOT_CONTROLLER', `this coordinator is not the active controller: ${why}`, facts);
  }

  private createHandlers(): CallHandlers {
    const { keeper, deps, settings } = this;
    const sessions = {
      settings,
      controller: () => this.controller(),
      outdated: () => this.election?.fenced(),
    };
    const timeoutMs = (incoming: IncomingCall): number => Math.min(incoming.timeoutMs ?? CALL_TIMEOUT_MS, CALL_TIMEOUT_MS_MAX);
    return new Map([
      [coordinatorService.brokerSession.path, streamHandler(coordinatorService.brokerSession, (call) => openBrokerSession(sessions, call))],
      [
        coordinatorService.streamMetadata.path,
        serverStreamHandler(coordinatorService.streamMetadata, (request, call) => this.streams.open(request, call)),
      ],
      [
        coordinatorService.allocateProducerIds.path,
        unaryHandler(coordinatorService.allocateProducerIds, async (request) => allocateProducerIds(request, this.controller())),
      ],
      [
        coordinatorService.alterPartitions.path,
        unaryHandler(coordinatorService.alterPartitions, async (request) => alterPartitions(request, this.controller())),
      ],
      [
        coordinatorService.ensureShards.path,
        unaryHandler(coordinatorService.ensureShards, async (request) =>
          ensureShards(request, { controller: this.controller(), deps, settings }),
        ),
      ],
      [
        coordinatorService.forward.path,
        unaryHandler(coordinatorService.forward, async (request, incoming) =>
          forward(request, { timeoutMs: timeoutMs(incoming), controller: this.controller(), keeper, deps, settings }),
        ),
      ],
    ]);
  }
}
