import { assert, type CallHandlers, type ClusterId, MoldauError, type Namespace } from '@moldau/kernel';
import type { BrokerHeartbeatAnswer } from '@moldau/protocol';
import type { ShardCaller } from '@moldau/shards';
import { openLogDirectory } from '@moldau/storage';
import { registerGauges } from './broker-metrics.ts';
import { type BrokerParts, createParts } from './broker-parts.ts';
import { Departure } from './departure.ts';
import { clientMethods, internalMethods, replicationMethods } from './handlers/registry.ts';
import { within } from './limits/within.ts';
import { CatchUp } from './metadata/catch-up.ts';
import { type BrokerDeps, type BrokerOptions, type BrokerSettings, validateOptions } from './options.ts';
import { logStoreOf } from './partition/directory-log-store.ts';
import type { LogStore } from './partition/log-store.ts';
import { PartitionLifecycle } from './partition/partition-lifecycle.ts';
import { followStorageSettings } from './partition/storage-settings.ts';
import { isStopping, type Phase, refusalIn } from './phase.ts';
import { type Readiness, readinessOf } from './readiness.ts';
import { CatchingUp } from './replication/catching-up.ts';
import { Replication } from './replication/replication.ts';
import { Interceptor } from './request/interceptor.ts';
import { BrokerSession } from './session/broker-session.ts';
import { ControllerClient } from './session/controller-client.ts';
import { SeenControllerEpoch } from './session/controller-epoch.ts';
import { CoordinatorDirectory } from './session/coordinator-directory.ts';
import { Forwarder } from './session/forwarder.ts';
import { MetadataStream } from './session/metadata-stream.ts';
import { ProducerIds } from './session/producer-ids.ts';
import { Registration } from './session/registration.ts';
import { replicaReport } from './session/replica-report.ts';
import { createShardCaller } from './shards/shard-caller.ts';
import { ShardTransactions } from './transactions/shard-transactions.ts';
import type { TransactionCoordinator } from './transactions/transaction-coordinator.ts';
import { GatheringVerifier } from './transactions/transaction-verifier.ts';

/** A broker: its handlers may be mounted before it starts; they refuse calls until it serves. */
export interface Broker {
  /** For the listener of clients. */
  readonly clientHandlers: CallHandlers;
  /** For the internal listener. */
  readonly internalHandlers: CallHandlers;
  /**
   * Finds the cluster, opens the data directory, registers; resolves when the broker serves.
   * Rejects with DATA_DIRECTORY_LOCKED, WRONG_CLUSTER, WRONG_BROKER, UNSUPPORTED_FORMAT, DATA_DIRECTORY_UNUSABLE, DISK_FULL,
   * BROKER_ID_IN_USE, FENCED_BROKER.
   */
  start(): Promise<void>;
  readiness(): Readiness;
  /** Whether it serves and all its replicas have been in sync since it started: a rolling restart may go on to the next broker. */
  caughtUp(): Readiness;
  /** Called at most once, when this life of the broker can never serve again: the process must end. */
  onFatal(listener: (error: MoldauError) => void): void;
  /** Sends clients away, answers what is unanswered, leaves the cluster, closes the data directory. Idempotent. */
  shutdown(): Promise<void>;
}

export function createBroker(deps: BrokerDeps, options: BrokerOptions): Broker {
  return new RunningBroker(deps, validateOptions(options));
}

class RunningBroker implements Broker {
  readonly clientHandlers: CallHandlers;
  readonly internalHandlers: CallHandlers;
  readonly #parts: BrokerParts;
  readonly #settings: BrokerSettings;
  readonly #coordinators: CoordinatorDirectory;
  readonly #controller: ControllerClient;
  readonly #metadata: MetadataStream;
  readonly #registration: Registration;
  readonly #replication: Replication;
  readonly #catchingUp: CatchingUp;
  readonly #shards: ShardCaller;
  readonly #transactions: TransactionCoordinator;
  readonly #serving = Promise.withResolvers<void>();
  readonly #mayShutDown = Promise.withResolvers<void>();
  #phase: Phase = 'created';
  #logs: LogStore | undefined;
  #lifecycle: PartitionLifecycle | undefined;
  #session: BrokerSession | undefined;
  #fatal: MoldauError | undefined;
  #fatalListener: ((error: MoldauError) => void) | undefined;
  #stopping: Promise<void> | undefined;
  #starting: Promise<void> | undefined;

  constructor(deps: BrokerDeps, settings: BrokerSettings) {
    this.#settings = settings;
    this.#parts = createParts(deps, settings);
    const { clock, scheduler, random, logger } = deps;
    const { brokerId } = settings;
    const { cluster, wheel } = this.#parts;
    const coordinators = new CoordinatorDirectory(deps.connector, clock, settings.coordinators);
    this.#coordinators = coordinators;
    this.#registration = new Registration(settings, deps.ids.uuid());
    this.#metadata = new MetadataStream({ scheduler, random, logger, coordinators, brokerId, sink: cluster });
    const controllerAddress = (): string | undefined => this.#session?.controllerAddress;
    const controller = new ControllerClient({ clock, scheduler, random, coordinators, controllerAddress });
    this.#controller = controller;
    const producerIds = new ProducerIds({ clock, logger, controller, brokerId, brokerEpoch: () => this.#registration.epoch });
    const settledAt = async (version: number): Promise<void> => this.#lifecycle?.settledAt(version);
    const catchUp = new CatchUp({ clock, wheel, cluster, settledAt });
    this.#shards = createShardCaller(this.#parts, controller);
    const transactions = (this.#transactions = deps.transactions ?? new ShardTransactions(this.#shards));
    const forwarder = new Forwarder(clock, controller);
    const methods = clientMethods(this.#parts, { forwarder, producerIds, catchUp, shards: this.#shards, transactions });
    this.#catchingUp = new CatchingUp(brokerId);
    this.#replication = new Replication({ parts: this.#parts, controller, brokerEpoch: () => this.#registration.epoch });
    this.clientHandlers = this.#interceptor(settings.namespaces).wrap(methods);
    // Followers are served until the leaders have moved.
    const replication = this.#interceptor(undefined, () => (this.#phase === 'stopping' ? undefined : refusalIn(this.#phase)));
    const internal = this.#interceptor(undefined).wrap(internalMethods(this.#parts));
    this.internalHandlers = new Map([...internal, ...replication.wrap(replicationMethods(this.#parts))]);
  }

  start(): Promise<void> {
    assert(this.#phase === 'created', 'a broker is started once', { phase: this.#phase });
    this.#phase = 'starting';
    this.#starting = this.#open();
    return Promise.all([this.#starting, this.#serving.promise]).then(() => {});
  }

  readiness(): Readiness {
    const [phase, metadataVersion] = [this.#phase, this.#parts.cluster.version];
    return readinessOf({ phase, metadataVersion, logs: this.#logs, registration: this.#registration, fatal: this.#fatal });
  }

  caughtUp(): Readiness {
    const readiness = this.readiness();
    if (!readiness.ready) return readiness;
    const reason = this.#catchingUp.reason(this.#parts.cluster.image);
    return reason === undefined ? readiness : { ready: false, reasons: [reason] };
  }

  onFatal(listener: (error: MoldauError) => void): void {
    this.#fatalListener = listener;
    if (this.#fatal !== undefined) listener(this.#fatal);
  }

  shutdown(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  #interceptor(
    namespaces: ReadonlySet<Namespace> | undefined,
    refusal = (): MoldauError | undefined => refusalIn(this.#phase),
  ): Interceptor {
    const { deps, wheel, requestMetrics, requests, streamLimit } = this.#parts;
    return new Interceptor({
      clock: deps.clock,
      wheel,
      logger: deps.logger,
      metrics: requestMetrics,
      requests,
      streams: streamLimit,
      namespaces,
      refusal,
    });
  }

  async #open(): Promise<void> {
    const { deps, cluster } = this.#parts;
    const { dataDirectory, brokerId } = this.#settings;
    // 1. Which cluster: a new data directory is made for it, an old one must belong to it.
    this.#metadata.start();
    await cluster.until((image) => image.cluster !== undefined);
    const { clusterId } = cluster.image.cluster!;
    if (this.#isStopping()) return;
    // 2. The logs, recovered.
    const directory = await openLogDirectory(deps, {
      ...this.#settings.storage,
      path: dataDirectory,
      clusterId,
      brokerId,
      ...(this.#settings.onRecovery === undefined ? {} : { onRecovery: this.#settings.onRecovery }),
      onOffline: (reason) => {
        deps.logger.error('the data directory has failed', { path: dataDirectory, reason });
        this.#session?.beat();
      },
    });
    const logs = (this.#logs = logStoreOf(directory, deps));
    const found = { brokerId, image: cluster.current, stop: logs.stopReport() };
    this.#registration.replicas = await replicaReport(found, deps.scheduler);
    followStorageSettings(cluster, brokerId, directory, this.#settings.storage);
    registerGauges(this.#parts, logs, () => this.#registration.isFenced);
    const controllerEpoch = await SeenControllerEpoch.open(deps.disk, dataDirectory);
    if (this.#isStopping()) return;
    cluster.listen(({ image, delta }) => {
      if (image.controller !== undefined) this.#session?.controllerIs(image.controller.address, image.controller.epoch);
      // The controller has changed how it sees this broker: the next heartbeat's answer says so.
      if (delta === undefined || delta.brokers.has(brokerId)) this.#session?.beat();
    });
    // 3. The partitions follow the metadata; they lead once the broker has registered.
    this.#lifecycle = this.#createLifecycle(logs);
    this.#lifecycle.recheck();
    this.#session = this.#createSession(logs, clusterId, controllerEpoch);
    this.#replication.watchDisk(logs, () => this.#session?.beat());
    this.#session.start();
  }

  // Behind a method: the phase may have changed during an await, which the compiler does not know.
  #isStopping(): boolean {
    return isStopping(this.#phase);
  }

  #createLifecycle(logs: LogStore): PartitionLifecycle {
    const { deps, cluster, table, topicSettings, ackSweep, wheel } = this.#parts;
    const { brokerId } = this.#settings;
    return new PartitionLifecycle({
      scheduler: deps.scheduler,
      wheel,
      logger: deps.logger,
      brokerId,
      cluster,
      table,
      logs,
      settings: topicSettings,
      onSettled: () => {
        // The controller waits for it: not another interval.
        if (this.#phase === 'starting') this.#session?.beat();
      },
      onDamaged: () => this.#session?.beat(),
      brokerEpoch: () => this.#registration.epoch,
      partition: {
        clock: deps.clock,
        compute: deps.compute,
        logger: deps.logger,
        brokerId,
        verifier: new GatheringVerifier(deps.scheduler, this.#transactions),
        ...this.#replication.partitionDeps,
        beginAnew: ({ topicId, index, settings }, startOffset) => logs.beginAnew(topicId, index, settings.storage, startOffset),
        onPending: (partition) => ackSweep.add(partition),
        onOffline: (partition, error) => this.#lifecycle?.failed(partition, error),
      },
    });
  }

  #createSession(logs: LogStore, clusterId: ClusterId, controllerEpoch: SeenControllerEpoch): BrokerSession {
    const { deps } = this.#parts;
    const identity = this.#registration.identity(logs.directoryId);
    const { clock, scheduler, random, logger } = deps;
    return new BrokerSession(
      { clock, scheduler, random, logger, coordinators: this.#coordinators, controllerEpoch, identity },
      {
        clusterId: () => clusterId,
        heartbeat: () => ({
          metadataVersion: this.#caughtUpVersion(),
          wantsShutdown: this.#isStopping(),
          stillServes: this.#phase === 'leaving',
          offlineDirectoryIds: logs.failure === undefined ? [] : [logs.directoryId],
          removedTopicIds: this.#lifecycle?.removedTopics ?? [],
          damagedReplicas: this.#lifecycle?.damagedReplicas,
          slowDisk: this.#replication.diskIsSlow,
        }),
        replicas: () => this.#registration.replicas,
        registered: async (cluster, epoch) => {
          if (this.#registration.registered(clusterId, cluster, epoch)) this.#lifecycle?.recheck();
        },
        answered: (answer) => this.#answered(answer),
        superseded: () => this.#registration.isSupersededIn(this.#parts.cluster.current),
        fatal: (error) => this.#fail(error),
      },
    );
  }

  /** Until it has served once, a broker has caught up only when its partitions have: else it would be given leaders too early. */
  #caughtUpVersion(): number {
    return this.#phase === 'starting' ? (this.#lifecycle?.settledVersion ?? 0) : this.#parts.cluster.version;
  }

  #answered({ fenced, mayShutDown }: BrokerHeartbeatAnswer): void {
    this.#controller.sessionAnswered();
    if (this.#registration.fencing(fenced)) this.#parts.deps.logger.info(fenced ? 'the broker is fenced' : 'the broker serves', {});
    if (mayShutDown) this.#mayShutDown.resolve();
    if (fenced || this.#phase !== 'starting') return;
    this.#phase = 'serving';
    this.#serving.resolve();
  }

  #fail(error: MoldauError): void {
    this.#fatal = error;
    this.#parts.deps.logger.fatal('the broker can never serve again', { reason: error.reason, error: error.message });
    this.#serving.reject(error);
    this.#fatalListener?.(error);
  }

  async #stop(): Promise<void> {
    const { deps, cluster, streams, requests, table } = this.#parts;
    const { shutdownTimeoutMs: timeoutMs, brokerId } = this.#settings;
    const started = this.#phase === 'serving';
    const departure = new Departure({ scheduler: deps.scheduler, cluster, brokerId, timeoutMs, mayShutDown: this.#mayShutDown.promise });
    // 1. The controller moves leaders away, while this broker serves what it still leads.
    if (started && this.#session?.controllerAddress !== undefined) {
      this.#phase = 'leaving';
      this.#session.beat();
      await departure.leadersMoved();
    }
    this.#phase = 'stopping';
    // Nobody may wait for a start that will not happen.
    this.#serving.reject(new MoldauError('SHUTTING_DOWN', 'the broker was stopped while it started', {}));
    this.#serving.promise.catch(() => {});
    // 2. Clients are told, and what they are owed is answered.
    await within(deps.scheduler, timeoutMs, Promise.all([streams.goAway('the broker is stopping'), requests.idle()]));
    streams.abandon();
    // 3. The controller takes its leave of us.
    if (started && this.#session?.controllerAddress !== undefined) {
      this.#session.beat();
      await departure.countedOut();
    }
    this.#session?.close();
    this.#metadata.close();
    this.#replication.close();
    // 4. The logs: an opening that is under way ends first.
    if (cluster.version > 0) await this.#starting?.catch(() => {});
    this.#lifecycle?.stop();
    await this.#lifecycle?.idle();
    const error = new MoldauError('LEADER_CHANGED_AFTER_APPEND', 'the broker stopped before the batch was confirmed', {});
    for (const partition of table) partition.close(error);
    await this.#logs?.close();
    this.#shards.close();
    this.#coordinators.close();
    this.#parts.peers.close();
    this.#phase = 'stopped';
    deps.logger.info('the broker has stopped', {});
  }
}
