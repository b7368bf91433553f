import {
  assert,
  type BrokerEpoch,
  brokerEpoch,
  type Clock,
  type ClusterId,
  type ControllerEpoch,
  clusterId,
  isUuid,
  type Logger,
  MoldauError,
  type Random,
  type Scheduler,
  type Timer,
} from '@moldau/kernel';
import {
  type BrokerHeartbeat,
  type BrokerHeartbeatAnswer,
  type BrokerRegistered,
  type BrokerSessionRequest,
  type BrokerSessionResponse,
  type ClientCall,
  coordinatorService,
  openStream,
  type ReplicaReport,
} from '@moldau/protocol';
import { BACK_OFF_MS_MIN, BackOff } from './back-off.ts';
import type { BrokerIdentity } from './broker-identity.ts';
import type { SeenControllerEpoch } from './controller-epoch.ts';
import type { CoordinatorDirectory } from './coordinator-directory.ts';

/** How long a coordinator may take to answer a registration before another one is tried. */
const REGISTRATION_TIMEOUT_MS = 3_000;
/** Bounds on what a controller may set, against a typing error that stops heartbeats or makes them a flood. */
const HEARTBEAT_INTERVAL_MS_MIN = 10;

export interface BrokerSessionDeps {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly logger: Logger;
  readonly coordinators: CoordinatorDirectory;
  readonly controllerEpoch: SeenControllerEpoch;
  readonly identity: BrokerIdentity;
}

/** What the session asks of the broker and tells it. */
export interface BrokerSessionEvents {
  /** The cluster of the data directory; undefined while it belongs to none. */
  clusterId(): ClusterId | undefined;
  /** What the next heartbeat says. */
  heartbeat(): BrokerHeartbeat;
  /** What a registration says of the broker's replicas; undefined: none is in doubt. */
  replicas(): ReplicaReport | undefined;
  /** Registered, for the first time or again; settles when the broker has noted it. */
  registered(cluster: ClusterId, epoch: BrokerEpoch): Promise<void>;
  answered(answer: BrokerHeartbeatAnswer): void;
  /** Whether a newer life of this broker has registered, as far as the metadata shows. */
  superseded(): boolean;
  /** This life of the broker can never serve: the process must end. */
  fatal(error: MoldauError): void;
}

/**
 * closed → waiting → registering → registered → waiting …; every state → closed.
 * `waiting` backs off before the next coordinator is tried.
 */
type State =
  | { readonly kind: 'waiting'; readonly timer: Timer }
  | { readonly kind: 'registering'; readonly address: string; readonly call: ClientCall<BrokerSessionRequest>; readonly timer: Timer }
  | { readonly kind: 'registered'; readonly address: string; readonly call: ClientCall<BrokerSessionRequest>; timer: Timer }
  | { readonly kind: 'closed' };

/** Errors after which no coordinator will ever take this life of the broker. */
const FATAL = new Set(['WRONG_CLUSTER', 'BROKER_ID_IN_USE']);

/**
 * The broker's session with the controller: finds it, registers, keeps alive by heartbeats on the monotonic clock, and
 * begins again when the stream breaks. The data path does not depend on it.
 */
export class BrokerSession {
  readonly #deps: BrokerSessionDeps;
  readonly #events: BrokerSessionEvents;
  readonly #backOff: BackOff;
  #state: State = { kind: 'closed' };
  /** Where the controller was last said to be; tried before the directory's turn. */
  #hint: string | undefined;
  /** Whether the attempt under way follows a hint. */
  #hinted = false;
  /** Newest epoch of which the metadata named the controller. */
  #toldEpoch: ControllerEpoch | 0 = 0;
  #lastAnswerMs = 0;
  #sessionTimeoutMs = 0;
  #intervalMs = 0;

  constructor(deps: BrokerSessionDeps, events: BrokerSessionEvents) {
    this.#deps = deps;
    this.#events = events;
    this.#backOff = new BackOff(deps.random);
  }

  /** Address of the controller this session is with; undefined while there is none. */
  get controllerAddress(): string | undefined {
    return this.#state.kind === 'registered' ? this.#state.address : undefined;
  }

  start(): void {
    assert(this.#state.kind === 'closed', 'a session is started once', { state: this.#state.kind });
    this.#connect();
  }

  /** Sends a heartbeat now instead of at the next interval, because what it says has changed. */
  beat(): void {
    if (this.#state.kind === 'registered') this.#heartbeat(this.#state);
  }

  /**
   * The metadata names the controller of this epoch: the session goes there at once, however short the silence of a former one
   * is, which may be paused. Metadata that is behind changes nothing.
   */
  controllerIs(address: string, epoch: ControllerEpoch): void {
    const state = this.#state;
    const { highest } = this.#deps.controllerEpoch;
    if (state.kind === 'closed' || epoch < highest || this.#toldEpoch >= epoch) return;
    if (state.kind === 'registered' && epoch === highest) return;
    this.#toldEpoch = epoch;
    this.#hint = address;
    this.#backOff.reset();
    if (state.kind !== 'waiting' && state.address === address) return;
    if (state.kind !== 'waiting') this.#deps.logger.info('another controller was elected', { former: state.address, address });
    state.timer.cancel();
    // In a later turn: this may run in the middle of a change of the metadata.
    const timer = this.#deps.scheduler.after(0, () => this.#connect(), { background: true });
    this.#state = { kind: 'waiting', timer };
    if (state.kind !== 'waiting') state.call.cancel();
  }

  close(): void {
    const state = this.#state;
    this.#state = { kind: 'closed' };
    if (state.kind === 'closed') return;
    state.timer.cancel();
    // Ending our half lets the controller see a farewell, not a break.
    if (state.kind !== 'waiting') state.call.end();
  }

  #connect(): void {
    if (this.#events.superseded()) {
      this.#state = { kind: 'closed' };
      const { brokerId } = this.#deps.identity;
      const message = `a newer life of broker ${brokerId} has registered`;
      this.#events.fatal(new MoldauError('FENCED_BROKER', message, { broker_id: String(brokerId) }));
      return;
    }
    const { coordinators, scheduler, logger } = this.#deps;
    const address = this.#hint ?? coordinators.next();
    this.#hinted = this.#hint !== undefined;
    this.#hint = undefined;
    let call: ClientCall<BrokerSessionRequest> | undefined;
    const mine = (): boolean => 'call' in this.#state && this.#state.call === call;
    const opened = openStream(
      coordinators.channel(address),
      coordinatorService.brokerSession,
      {},
      {
        message: (message) => {
          if (mine()) this.#receive(message);
        },
        closed: (error) => {
          if (mine()) this.#broken(error);
        },
      },
    );
    call = opened;
    const timer = scheduler.after(REGISTRATION_TIMEOUT_MS, () => {
      if (!mine()) return;
      logger.warn('a coordinator did not answer the registration', { address, timeoutMs: REGISTRATION_TIMEOUT_MS });
      coordinators.fellSilent(address);
      this.#broken(undefined);
      opened.cancel();
    });
    this.#state = { kind: 'registering', address, call: opened, timer };
    opened.send(this.#registration());
  }

  #registration(): BrokerSessionRequest {
    const { identity, controllerEpoch } = this.#deps;
    return {
      frame: {
        $case: 'register',
        value: {
          clusterId: this.#events.clusterId() ?? '',
          brokerId: identity.brokerId,
          directoryId: identity.directoryId,
          incarnationId: identity.incarnationId,
          endpoints: new Map(identity.endpoints),
          rack: identity.rack,
          softwareVersion: identity.softwareVersion,
          features: new Map(identity.features),
          controllerEpoch: controllerEpoch.highest,
          replicas: this.#events.replicas(),
        },
      },
    };
  }

  #receive({ frame }: BrokerSessionResponse): void {
    if (frame?.$case === 'registered') void this.#admitRegistration(frame.value);
    else if (frame?.$case === 'heartbeat') void this.#admitAnswer(frame.value);
  }

  async #admitRegistration(registered: BrokerRegistered): Promise<void> {
    const state = this.#state;
    if (state.kind !== 'registering') return;
    try {
      await this.#deps.controllerEpoch.admit(registered.controllerEpoch);
      if (this.#state !== state) return;
      if (!isUuid(registered.clusterId)) {
        throw new MoldauError('INVALID_REQUEST', `the coordinator named the cluster '${registered.clusterId}', which is no UUID`);
      }
      await this.#events.registered(clusterId(registered.clusterId), brokerEpoch(registered.brokerEpoch));
    } catch (caught) {
      if (this.#state === state) this.#abandon(state.call, MoldauError.from(caught));
      return;
    }
    if (this.#state !== state) return;
    state.timer.cancel();
    this.#backOff.reset();
    this.#deps.coordinators.answered(state.address);
    this.#intervalMs = Math.max(HEARTBEAT_INTERVAL_MS_MIN, registered.heartbeatIntervalMs);
    this.#sessionTimeoutMs = Math.max(this.#intervalMs * 2, registered.sessionTimeoutMs);
    this.#lastAnswerMs = this.#deps.clock.monotonicMs();
    const { address, call } = state;
    this.#deps.logger.info('registered with the controller', { address, brokerEpoch: registered.brokerEpoch });
    const next: State & { kind: 'registered' } = { kind: 'registered', address, call, timer: state.timer };
    this.#state = next;
    this.#heartbeat(next);
  }

  async #admitAnswer(answer: BrokerHeartbeatAnswer): Promise<void> {
    const state = this.#state;
    if (state.kind !== 'registered') return;
    this.#lastAnswerMs = this.#deps.clock.monotonicMs();
    try {
      await this.#deps.controllerEpoch.admit(answer.controllerEpoch);
    } catch (caught) {
      if (this.#state === state) this.#abandon(state.call, MoldauError.from(caught));
      return;
    }
    if (this.#state === state) this.#events.answered(answer);
  }

  #heartbeat(state: State & { kind: 'registered' }): void {
    state.timer.cancel();
    const silentMs = this.#deps.clock.monotonicMs() - this.#lastAnswerMs;
    if (silentMs > this.#sessionTimeoutMs) {
      this.#deps.logger.warn('the controller answers no heartbeats', { address: state.address, silentMs: Math.round(silentMs) });
      this.#deps.coordinators.fellSilent(state.address);
      this.#abandon(state.call, undefined);
      return;
    }
    state.call.send({ frame: { $case: 'heartbeat', value: this.#events.heartbeat() } });
    // The send may have ended the session.
    if (this.#state !== state) return;
    state.timer = this.#deps.scheduler.after(this.#intervalMs, () => this.#heartbeat(state), { background: true });
  }

  #abandon(call: ClientCall<BrokerSessionRequest>, error: MoldauError | undefined): void {
    this.#broken(error);
    call.cancel();
  }

  #broken(error: MoldauError | undefined): void {
    const state = this.#state;
    if (state.kind === 'closed' || state.kind === 'waiting') return;
    state.timer.cancel();
    if (error !== undefined && FATAL.has(error.reason)) {
      this.#state = { kind: 'closed' };
      this.#events.fatal(error);
      return;
    }
    const hint = error?.reason === 'NOT_CONTROLLER' ? error.facts['controller_address'] : undefined;
    // A standby names a paused controller for as long as its lease lasts.
    this.#hint = hint !== undefined && this.#deps.coordinators.isSilent(hint) ? undefined : hint;
    // A hint is followed soon, once: two that name each other are asked as seldom as others.
    const delayMs = this.#hint === undefined || this.#hinted ? this.#backOff.next() : BACK_OFF_MS_MIN;
    this.#deps.logger.debug('no session with the controller', { address: state.address, reason: error?.reason, delayMs });
    const timer = this.#deps.scheduler.after(delayMs, () => this.#connect(), { background: true });
    this.#state = { kind: 'waiting', timer };
  }
}
