import { CONTROLLER_KEY, clusterPrefix, coordinatorKey, encodeController, encodeCoordinator, type Lease } from '@moldau/cluster';
import { assert, type ControllerEpoch, controllerEpoch, MoldauError, type Timer } from '@moldau/kernel';
import type { ImageKeeper } from './image-keeper.ts';
import type { CoordinatorDeps, CoordinatorSettings } from './options.ts';

/**
 * Whether this coordinator is the controller.
 *
 * Moves: standby → campaigning → standby (lost) | elected (won); elected → standby (lease or key lost, fenced);
 * each → stopped.
 *
 * The controller's key is created if absent, on a lease; its create revision is the controller epoch. The lease only makes
 * the key go away when its holder has died: what keeps an old controller from writing is the comparison in every write.
 */
type State =
  | { readonly tag: 'standby' }
  | { readonly tag: 'campaigning' }
  | { readonly tag: 'elected'; readonly epoch: ControllerEpoch }
  | { readonly tag: 'stopped' };

type Tag = State['tag'];

const LEGAL_MOVES: Readonly<Record<Tag, readonly Tag[]>> = {
  standby: ['campaigning', 'stopped'],
  campaigning: ['standby', 'elected', 'stopped'],
  elected: ['standby', 'stopped'],
  stopped: [],
};

export interface ElectionEvents {
  elected(epoch: ControllerEpoch): void;
  /** This instance can be found by its key, which it has written at that revision: its present life. */
  announced(revision: number): void;
  /** No longer the controller; runs before anything else can be elected here. */
  resigned(why: string): void;
}

/** How often a standby looks whether there is a controller, beside what the watch tells. */
const RETRY_MS = 500;

export class ControllerElection {
  private readonly deps: CoordinatorDeps & { readonly keeper: ImageKeeper };
  private readonly settings: CoordinatorSettings;
  private readonly events: ElectionEvents;
  private readonly prefix: string;
  private state: State = { tag: 'standby' };
  private lease: Lease | undefined;
  private leasing = false;
  private timer: Timer | undefined;
  private forget: (() => void) | undefined;

  constructor(deps: CoordinatorDeps & { readonly keeper: ImageKeeper }, settings: CoordinatorSettings, events: ElectionEvents) {
    this.deps = deps;
    this.settings = settings;
    this.events = events;
    this.prefix = clusterPrefix(settings.clusterName);
  }

  start(): void {
    this.forget = this.deps.keeper.listen({ changed: () => this.look(), reloaded: () => this.look() });
    this.tick();
  }

  /** Gives the office up at once where it is held; the keys go with the lease. */
  async stop(): Promise<void> {
    if (this.state.tag === 'stopped') return;
    const elected = this.state.tag === 'elected';
    this.move({ tag: 'stopped' });
    this.timer?.cancel();
    this.forget?.();
    if (elected) this.events.resigned('it is shutting down');
    const lease = this.lease;
    this.lease = undefined;
    await lease?.revoke().catch(() => undefined);
  }

  /** The store shows another controller. */
  fenced(): void {
    this.resign('another controller has been elected');
  }

  /** The epoch while this is the controller and its lease surely lives. */
  epoch(): ControllerEpoch | undefined {
    return this.state.tag === 'elected' && this.lease?.alive() === true ? this.state.epoch : undefined;
  }

  private move(next: State): void {
    assert(LEGAL_MOVES[this.state.tag].includes(next.tag), 'a legal move of the election', { from: this.state.tag, to: next.tag });
    this.state = next;
  }

  private tick(): void {
    this.timer = this.deps.scheduler.after(RETRY_MS, () => {
      this.tick();
      this.look();
    });
    this.look();
  }

  private look(): void {
    const { keeper } = this.deps;
    if (!keeper.isLoaded() || this.state.tag === 'stopped') return;
    if (this.lease === undefined) return this.takeLease();
    const { controller } = keeper.image();
    if (this.state.tag === 'elected') {
      // The image may still be before the election; then it shows no newer controller.
      const gone = keeper.image().version >= this.state.epoch && controller?.epoch !== this.state.epoch;
      if (gone) this.resign("the controller's key is gone");
      return;
    }
    if (this.state.tag === 'standby' && controller === undefined && keeper.fresh()) void this.campaign(this.lease);
  }

  private takeLease(): void {
    if (this.leasing) return;
    this.leasing = true;
    void this.openLease().finally(() => {
      this.leasing = false;
    });
  }

  private async openLease(): Promise<void> {
    const { store, logger } = this.deps;
    try {
      const lease = await store.lease(this.settings.leaseTtlMs, { lost: (error) => this.leaseLost(error) });
      if (this.state.tag === 'stopped') return void (await lease.revoke());
      this.lease = lease;
      await this.announce(lease);
    } catch (error) {
      logger.warn('no lease could be taken', { error: MoldauError.from(error).message });
      const lease = this.lease;
      this.lease = undefined;
      await lease?.revoke().catch(() => undefined);
    }
  }

  /** Other coordinators and brokers find this one by its key. */
  private async announce(lease: Lease): Promise<void> {
    const { coordinatorId, address, softwareVersion } = this.settings;
    const value = encodeCoordinator({ coordinatorId, address, softwareVersion });
    const key = this.prefix + coordinatorKey(coordinatorId);
    const { revision } = await this.deps.store.transact({ comparisons: [], operations: [{ kind: 'put', key, value, lease: lease.id }] });
    if (this.lease === lease) this.events.announced(revision);
  }

  private leaseLost(error: MoldauError): void {
    this.lease = undefined;
    this.resign(error.message);
  }

  private async campaign(lease: Lease): Promise<void> {
    this.move({ tag: 'campaigning' });
    const { coordinatorId, address } = this.settings;
    const key = this.prefix + CONTROLLER_KEY;
    const value = encodeController({ coordinatorId, address });
    let won: number | undefined;
    try {
      const outcome = await this.deps.store.transact({
        comparisons: [{ kind: 'absent', key }],
        operations: [{ kind: 'put', key, value, lease: lease.id }],
      });
      won = outcome.succeeded ? outcome.revision : undefined;
    } catch (error) {
      this.deps.logger.warn('the campaign had no answer', { error: MoldauError.from(error).message });
      // It may have been won. A key of which this does not know the revision is given back with the lease.
      if (this.lease === lease) this.lease = undefined;
      await lease.revoke().catch(() => undefined);
    }
    if (this.state.tag !== 'campaigning') return;
    if (won === undefined || this.lease !== lease || !lease.alive()) return this.move({ tag: 'standby' });
    const epoch = controllerEpoch(won);
    this.move({ tag: 'elected', epoch });
    this.deps.logger.info('elected controller', { controllerEpoch: epoch });
    this.events.elected(epoch);
  }

  private resign(why: string): void {
    if (this.state.tag !== 'elected') return;
    this.move({ tag: 'standby' });
    this.deps.logger.warn('no longer the controller', { why });
    this.events.resigned(why);
    // A fresh lease for the next campaign: keys that hang on the old one go with it.
    const lease = this.lease;
    this.lease = undefined;
    lease?.revoke().catch(() => undefined);
  }
}
