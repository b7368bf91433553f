import {
  type BrokerImage,
  type BrokerRegistration,
  type BrokerStateChange,
  changeBrokerState,
  leadsMovable,
  type MetadataImage,
  maySlowDown,
  registerBroker,
  reportRemoved,
} from '@moldau/cluster';
import {
  type BrokerId,
  brokerEpoch,
  type Clock,
  type ControllerEpoch,
  type Counter,
  isUuid,
  type Logger,
  MoldauError,
  type Scheduler,
  type Timer,
  type TopicId,
} from '@moldau/kernel';
import type { BrokerHeartbeat, BrokerHeartbeatAnswer, BrokerSessionResponse, ServerCall } from '@moldau/protocol';
import { type BrokerSession, expiredSessions } from './broker-session.ts';
import { DamagedReplicas } from './damaged-replicas.ts';
import { type FencedWriter, inBatches, WRITES_PER_ROUND_MAX } from './fenced-writer.ts';
import type { ImageKeeper } from './image-keeper.ts';
import type { TopicReconciler } from './topic-reconciler.ts';

export interface BrokerRegistryDeps {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
  readonly keeper: ImageKeeper;
  readonly writer: FencedWriter;
  readonly reconciler: TopicReconciler;
  readonly epoch: ControllerEpoch;
  readonly fencings: Counter;
}

export interface BrokerRegistryOptions {
  readonly sessionTimeoutMs: number;
  readonly reconnectGraceMs: number;
}

/** How often sessions are looked at. */
const CHECK_INTERVAL_MS = 100;
/** Rounds of transactions that one registration may take: with 960 partitions each, a broker that held nearly a million. */
const REGISTRATION_STEPS_MAX = 1_000;

/**
 * Who is alive. The active controller registers brokers, hears their heartbeats, and fences those that fall silent; the
 * reconciler moves leaders and ISR after each such change. A broker's life: registered, fenced → what earlier lives led is
 * moved → it has caught up → it serves → fenced.
 */
export class BrokerRegistry {
  private readonly deps: BrokerRegistryDeps;
  private readonly options: BrokerRegistryOptions;
  private readonly sessions = new Map<BrokerId, BrokerSession>();
  /** State changes under way, by broker: one at a time. */
  private readonly changing = new Set<BrokerId>();
  /** Brokers fenced because of their streams alone, with the time they were last heard of. */
  private readonly fencedEarly = new Map<BrokerId, number>();
  private readonly damaged: DamagedReplicas;
  private timer: Timer | undefined;
  /** Why no session begins or goes on any more. */
  private over: MoldauError | undefined;

  constructor(deps: BrokerRegistryDeps, options: BrokerRegistryOptions) {
    this.deps = deps;
    this.options = options;
    this.damaged = new DamagedReplicas(deps.writer, deps.logger);
  }

  /** Gives every broker that serves a full session to be heard of. */
  start(): void {
    for (const broker of this.deps.keeper.image().brokers.values()) {
      if (!broker.fenced) this.addSession(broker, { tag: 'inherited' });
    }
    this.check();
  }

  /** Ends all streams: the brokers look for the next controller. */
  stop(error: MoldauError): void {
    this.over = error;
    this.timer?.cancel();
    for (const { state } of this.sessions.values()) if (state.tag === 'connected') state.call.close(error);
    this.sessions.clear();
  }

  hasSession(brokerId: BrokerId): boolean {
    return this.sessions.has(brokerId);
  }

  sessionCount(): number {
    return this.sessions.size;
  }

  /** Whether a broker has said that it applied the metadata up to this revision. */
  caughtUp(brokerId: BrokerId, revision: number): boolean {
    const session = this.sessions.get(brokerId);
    return session?.state.tag === 'connected' && (session.lastHeartbeat?.metadataVersion ?? 0) >= revision;
  }

  /** Registers a broker, or takes back one whose stream broke. Rejects BROKER_ID_IN_USE, NOT_CONTROLLER and the writer's errors. */
  async register(registration: BrokerRegistration, call: ServerCall<BrokerSessionResponse>): Promise<BrokerSession> {
    const { brokerId, incarnationId } = registration;
    const present = this.deps.keeper.image().brokers.get(brokerId);
    if (present?.incarnationId === incarnationId && present.directoryId === registration.directoryId) {
      this.endStream(brokerId, new MoldauError('SESSION_EXPIRED', `broker ${brokerId} has opened another session`));
      return this.addSession(present, { tag: 'connected', call });
    }
    this.endOldLife(registration);
    for (let step = 0; step < REGISTRATION_STEPS_MAX; step += 1) {
      const { result, revisions } = await this.deps.writer.changeMany((image) => {
        const options = { hasSession: this.sessions.has(brokerId), limit: WRITES_PER_ROUND_MAX };
        const { writes, last } = registerBroker(image, registration, options);
        return { batches: inBatches(writes), result: last };
      });
      const [revision] = revisions;
      if (!result || revision === undefined) continue;
      this.endStream(brokerId, newerLife(brokerId));
      this.deps.logger.info('a broker has registered', { brokerId, brokerEpoch: revision, directoryId: registration.directoryId });
      const { directoryId } = registration;
      return this.addSession({ brokerId, directoryId, incarnationId, brokerEpoch: brokerEpoch(revision) }, { tag: 'connected', call });
    }
    throw new MoldauError('CONCURRENT_CHANGE', `broker ${brokerId} could not be registered in ${REGISTRATION_STEPS_MAX} steps`);
  }

  /** A sign of life; undefined when the session is not the broker's present one. */
  heartbeat(session: BrokerSession, heartbeat: BrokerHeartbeat): BrokerHeartbeatAnswer | undefined {
    if (this.sessions.get(session.brokerId) !== session || session.state.tag !== 'connected') return undefined;
    session.heardAtMs = this.deps.clock.monotonicMs();
    session.lastHeartbeat = heartbeat;
    this.removeDeleted(session, heartbeat);
    this.damaged.reported(session, heartbeat);
    const broker = this.deps.keeper.image().brokers.get(session.brokerId);
    if (broker === undefined || broker.brokerEpoch !== session.brokerEpoch)
      return { fenced: true, mayShutDown: false, controllerEpoch: this.deps.epoch };
    this.adjust(session, broker, heartbeat);
    return { fenced: broker.fenced, mayShutDown: broker.fenced && broker.shuttingDown, controllerEpoch: this.deps.epoch };
  }

  /** The stream of a session has ended. */
  streamBroke(session: BrokerSession, call: ServerCall<BrokerSessionResponse>): void {
    if (session.state.tag !== 'connected' || session.state.call !== call) return;
    session.state = { tag: 'broken', sinceMs: this.deps.clock.monotonicMs() };
  }

  private addSession(
    {
      brokerId,
      brokerEpoch: epoch,
      directoryId,
      incarnationId,
    }: Pick<BrokerSession, 'brokerId' | 'brokerEpoch' | 'directoryId' | 'incarnationId'>,
    state: BrokerSession['state'],
  ): BrokerSession {
    // The office may have been lost while the registration was written: a session here would keep the broker from the next controller.
    if (this.over !== undefined) throw this.over;
    const heardAtMs = this.deps.clock.monotonicMs();
    this.fencedEarly.delete(brokerId);
    const session: BrokerSession = { brokerId, brokerEpoch: epoch, directoryId, incarnationId, state, heardAtMs, lastHeartbeat: undefined };
    this.sessions.set(brokerId, session);
    return session;
  }

  /** Before anything is decided on the new life: the old one must not be let serve again. Until then its session runs on. */
  private endOldLife({ brokerId, directoryId }: BrokerRegistration): void {
    const session = this.sessions.get(brokerId);
    if (session?.state.tag !== 'connected' || session.directoryId !== directoryId) return;
    const { call } = session.state;
    session.state = { tag: 'broken', sinceMs: this.deps.clock.monotonicMs() };
    call.close(newerLife(brokerId));
  }

  private endStream(brokerId: BrokerId, error: MoldauError): void {
    const session = this.sessions.get(brokerId);
    if (session?.state.tag === 'connected') session.state.call.close(error);
    this.sessions.delete(brokerId);
  }

  /** Lets a broker serve that has caught up, and one stop that leads nothing. */
  private adjust(session: BrokerSession, broker: BrokerImage, heartbeat: BrokerHeartbeat): void {
    const failed = heartbeat.offlineDirectoryIds.includes(session.directoryId);
    if (failed && !broker.fenced) return this.changeState(session, () => ({ fenced: true }), 'its data directory failed');
    if (broker.fenced) {
      const caughtUp = heartbeat.metadataVersion >= session.brokerEpoch;
      const ready = caughtUp && !failed && !heartbeat.wantsShutdown && this.deps.reconciler.idle();
      if (ready) this.changeState(session, () => ({ fenced: false, shuttingDown: false }), 'it has caught up');
      return;
    }
    if (!heartbeat.wantsShutdown) return this.adjustSlowness(session, broker, heartbeat.slowDisk === true);
    if (!broker.shuttingDown) return this.changeState(session, () => ({ shuttingDown: true }), 'it wants to stop');
    if (!this.deps.reconciler.idle() || heartbeat.stillServes) return;
    const leadsNothing = (image: MetadataImage): { readonly fenced: true } | undefined =>
      leadsMovable(image, session.brokerId) ? undefined : { fenced: true };
    this.changeState(session, leadsNothing, 'it stops');
  }

  /** Notes that a broker's disk is slow, as far as not too many are, or is well again: the reconciler does the rest. */
  private adjustSlowness(session: BrokerSession, broker: BrokerImage, slowDisk: boolean): void {
    const { brokerId } = session;
    if (slowDisk === broker.slowDisk || (slowDisk && !maySlowDown(this.deps.keeper.image(), brokerId))) return;
    const decide = (image: MetadataImage): { readonly slowDisk: boolean } | undefined =>
      slowDisk && !maySlowDown(image, brokerId) ? undefined : { slowDisk };
    this.changeState(session, decide, slowDisk ? 'its disk is slow' : 'its disk is as fast as others again');
  }

  /** Decides again on the newest image; undefined: no change. Failures are retried by the next heartbeat. */
  private changeState(session: BrokerSession, decide: (image: MetadataImage) => BrokerStateChange | undefined, why: string): void {
    const { brokerId, brokerEpoch: epoch } = session;
    if (this.changing.has(brokerId)) return;
    this.changing.add(brokerId);
    const { writer, logger } = this.deps;
    const changed = writer.change((image) => {
      const broker = image.brokers.get(brokerId);
      const state = broker?.brokerEpoch === epoch && this.sessions.get(brokerId) === session ? decide(image) : undefined;
      return { writes: broker === undefined || state === undefined ? [] : [changeBrokerState(broker, state)], result: state };
    });
    changed.then(
      ({ result }) => {
        this.changing.delete(brokerId);
        if (result !== undefined) logger.info('a broker has changed', { brokerId, ...result, why });
      },
      (error: unknown) => {
        this.changing.delete(brokerId);
        logger.warn('a broker could not be changed', { brokerId, why, error: MoldauError.from(error).message });
      },
    );
  }

  private removeDeleted(session: BrokerSession, heartbeat: BrokerHeartbeat): void {
    const topicIds = heartbeat.removedTopicIds.filter((id): id is TopicId => isUuid(id));
    if (topicIds.length === 0) return;
    const changed = this.deps.writer.change((image) => ({ writes: reportRemoved(image, session.brokerId, topicIds), result: undefined }));
    changed.catch((error: unknown) => this.deps.logger.warn('a removal could not be recorded', { error: MoldauError.from(error).message }));
  }

  private check(): void {
    if (this.over !== undefined) return;
    for (const session of this.expired()) void this.expire(session);
    this.timer = this.deps.scheduler.after(CHECK_INTERVAL_MS, () => this.check());
  }

  private async expire(session: BrokerSession): Promise<void> {
    const { brokerId, brokerEpoch: epoch } = session;
    if (this.changing.has(brokerId)) return;
    this.changing.add(brokerId);
    try {
      const { result } = await this.deps.writer.change((image) => {
        const broker = image.brokers.get(brokerId);
        const stillOver = this.sessions.get(brokerId) === session && this.isOver(session);
        const fence = stillOver && broker !== undefined && broker.brokerEpoch === epoch && !broker.fenced;
        return { writes: fence ? [changeBrokerState(broker, { fenced: true })] : [], result: { stillOver, fence } };
      });
      if (!result.stillOver) return;
      // One that stopped as planned was fenced before: nothing was decided on a broken stream alone.
      if (!result.fence) return this.endSession(brokerId);
      const fact = {
        brokerId,
        brokerEpoch: epoch,
        silentMs: Math.round(this.deps.clock.monotonicMs() - session.heardAtMs),
        stream: session.state.tag,
      };
      if (fact.silentMs < this.options.sessionTimeoutMs) this.fencedEarly.set(brokerId, session.heardAtMs);
      this.deps.logger.warn('a broker is fenced: its session is over', fact);
      this.deps.fencings.add(1);
      this.endSession(brokerId);
    } catch (error) {
      this.deps.logger.warn('a broker could not be fenced', { brokerId, error: MoldauError.from(error).message });
    } finally {
      this.changing.delete(brokerId);
    }
  }

  private endSession(brokerId: BrokerId): void {
    const facts = { broker_id: String(brokerId) };
    this.endStream(brokerId, new MoldauError('SESSION_EXPIRED', `the session of broker ${brokerId} is over`, facts));
  }

  private isOver(session: BrokerSession): boolean {
    return this.expired().includes(session);
  }

  private expired(): BrokerSession[] {
    const nowMs = this.deps.clock.monotonicMs();
    for (const [id, heardAtMs] of this.fencedEarly) {
      if (nowMs - heardAtMs >= this.options.sessionTimeoutMs) this.fencedEarly.delete(id);
    }
    return expiredSessions([...this.sessions.values()], { nowMs, ...this.options, fencedEarly: this.fencedEarly.size });
  }
}

function newerLife(brokerId: BrokerId): MoldauError {
  return new MoldauError('FENCED_BROKER', `a newer life of broker ${brokerId} has registered`, { broker_id: String(brokerId) });
}
